export const TakeAway = () => null;
