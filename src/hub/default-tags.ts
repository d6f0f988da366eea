/**
 * The weights that a bare name stands for: timm's default tag, which is the first of its table that has weights; for names that only
 * torchvision has, its `DEFAULT`. One group a line: tag, then names.
 *
 * @see timm's `default_cfgs` in `timm/models/*.py`
 */
const groups = `
a1_in1k: resnet18 resnet34 resnet50 seresnet50
a1h_in1k: resnet101 resnet152 resnext50_32x4d
ah_in1k: seresnext101_32x8d seresnext101d_32x8d
bt_in1k: resnet26 resnet26d resnext50d_32x4d seresnext26d_32x4d seresnext26t_32x4d
c1_in1k: resnext101_64x4d
c3_in1k: resnet10t resnet14t
ra2_in1k: resnet18d resnet26t resnet34d resnet50d resnet101d resnet152d resnet200d seresnet152d lcnet_050 lcnet_075 lcnet_100
racm_in1k: wide_resnet50_2 seresnext50_32x4d
tv_in1k: resnext101_32x8d wide_resnet101_2 vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn densenet161 densenet169 densenet201 inception_v3
ra_in1k: densenet121 mobilenetv2_100 mobilenetv2_110d mobilenetv2_120d mobilenetv2_140 mobilenetv3_large_100 efficientnet_b0 efficientnet_b2
ra2_in1k: efficientnet_b3 efficientnet_b4
ra4_e3600_r240_in1k: efficientnet_b1
ra_in1k: efficientnet_lite0
sw_in12k_ft_in1k: efficientnet_b5
ns_jft_in1k: tf_efficientnet_b0 tf_efficientnet_b1 tf_efficientnet_b2 tf_efficientnet_b3 tf_efficientnet_b4 tf_efficientnet_b5 tf_efficientnet_b6 tf_efficientnet_b7
in1k: tf_efficientnet_lite0 tf_efficientnet_lite1 tf_efficientnet_lite2 tf_efficientnet_lite3 tf_efficientnet_lite4
in1k: tf_efficientnetv2_b0 tf_efficientnetv2_b1 tf_efficientnetv2_b2
in21k_ft_in1k: tf_efficientnetv2_b3 tf_efficientnetv2_s tf_efficientnetv2_m tf_efficientnetv2_l
lamb_in1k: mnasnet_small mobilenetv2_050 mobilenetv3_small_050 mobilenetv3_small_075 mobilenetv3_small_100
rmsp_in1k: mnasnet_100 semnasnet_075 semnasnet_100 mobilenetv3_rw
ra4_e3600_r224_in1k: mobilenetv1_100 mobilenetv1_100h mobilenetv1_125
ra4_e3600_r256_in1k: mobilenetv3_large_150d
in1k: tf_mobilenetv3_large_075 tf_mobilenetv3_large_100 tf_mobilenetv3_large_minimal_100
in1k: tf_mobilenetv3_small_075 tf_mobilenetv3_small_100 tf_mobilenetv3_small_minimal_100 ghostnet_100
e3000_r224_in1k: mobilenetv4_conv_small_050
e2400_r224_in1k: mobilenetv4_conv_small
e500_r256_in1k: mobilenetv4_conv_medium
e600_r384_in1k: mobilenetv4_conv_large
e500_r224_in1k: mobilenetv4_conv_blur_medium
e230_r448_in12k_ft_in1k: mobilenetv4_conv_aa_large
rvgg_in1k: repvgg_a0 repvgg_a1 repvgg_a2 repvgg_b0 repvgg_b1 repvgg_b1g4 repvgg_b2 repvgg_b2g4 repvgg_b3 repvgg_b3g4 repvgg_d2se
apple_in1k: mobileone_s0 mobileone_s1 mobileone_s2 mobileone_s3 mobileone_s4
pycls_in1k: regnetx_002 regnetx_004 regnetx_006 regnetx_040 regnetx_064 regnetx_120 regnety_002 regnety_006 regnety_008
tv2_in1k: regnetx_004_tv regnetx_008 regnetx_016 regnetx_032 regnetx_080 regnetx_160 regnetx_320 regnety_004 regnety_008_tv regnety_016 regnety_080_tv regnety_320
ra_in1k: regnety_032
ra3_in1k: regnety_040 regnety_064 regnety_080
sw_in12k_ft_in1k: regnety_120 regnety_160
d2_in1k: convnext_atto
d1_in1k: convnext_femto convnext_pico
in12k_ft_in1k: convnext_nano convnext_tiny convnext_small
fb_in22k_ft_in1k: convnext_base convnext_large
fcmae_ft_in1k: convnextv2_atto convnextv2_femto convnextv2_pico
fcmae_ft_in22k_in1k: convnextv2_nano convnextv2_tiny convnextv2_base convnextv2_large
augreg2_in21k_ft_in1k: vit_base_patch16_224
augreg_in21k_ft_in1k: vit_tiny_patch16_224 vit_small_patch16_224 vit_small_patch32_224 vit_base_patch32_224
lvd142m: vit_small_patch14_dinov2 vit_base_patch14_dinov2 vit_small_patch14_reg4_dinov2 vit_base_patch14_reg4_dinov2
fb_in1k: deit_tiny_patch16_224 deit_small_patch16_224 deit_base_patch16_224
fb_in1k: deit_tiny_distilled_patch16_224 deit_small_distilled_patch16_224 deit_base_distilled_patch16_224
ms_in1k: swin_tiny_patch4_window7_224
ms_in22k_ft_in1k: swin_small_patch4_window7_224 swin_base_patch4_window7_224
r160_in1k: test_byobnet test_efficientnet test_efficientnet_gn test_efficientnet_ln test_resnet test_vit test_vit2 test_vit3 test_convnext test_convnext2 test_convnext3
IMAGENET1K_V2: mobilenet_v2 mobilenet_v3_large
IMAGENET1K_V2: regnet_x_400mf regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf regnet_x_32gf
IMAGENET1K_V2: regnet_y_400mf regnet_y_800mf regnet_y_1_6gf regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf
IMAGENET1K_V1: alexnet googlenet mobilenet_v3_small squeezenet1_0 squeezenet1_1 mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3
IMAGENET1K_V1: shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0 efficientnet_v2_s efficientnet_v2_m efficientnet_v2_l
IMAGENET1K_V1: vit_b_16 vit_b_32 vit_l_16 swin_t swin_s swin_b`;

export const defaultTags: ReadonlyMap<string, string> = new Map(
  groups
    .trim()
    .split("\n")
    .flatMap((group) => {
      const [tag, names] = group.split(": ");
      return names.split(" ").map((name) => [name, tag] as const);
    }),
);
