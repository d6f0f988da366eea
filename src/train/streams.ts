/** What random streams of a training are for; the first word behind the seed. */
export const streams = { order: 1, augmentation: 2, mixing: 3, views: 4, projection: 5, features: 6 };
