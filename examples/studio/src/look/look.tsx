export const Look = () => null;
