/** The tag that timm takes for an architecture where none is given: the first with weights in its table, or the one marked with a star. */
export const defaultTags: ReadonlyMap<string, string> = new Map(
  Object.entries({
    mobilenetv3_small_100: "lamb_in1k",
    mobilenetv3_large_100: "ra_in1k",
    mobilenetv2_100: "ra_in1k",
    mobilenetv1_100: "ra4_e3600_r224_in1k",
    resnet18: "a1_in1k",
    resnet50: "a1_in1k",
  }),
);
