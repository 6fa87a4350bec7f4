"""The text part of multimodal models: its model_type, where a configuration does not name it, as the classes of transformers have it."""

from collections.abc import Mapping

TEXT_PARTS: Mapping[str, str] = {
    "aria": "aria_text", "audioflamingo3": "qwen2", "aya_vision": "cohere2", "blip": "blip_text_model", "blip-2": "opt",
    "cohere2_vision": "cohere2", "cohere_compass": "cohere_compass_text", "cosmos3_edge": "cosmos3_edge_text",
    "cosmos3_omni": "qwen3_vl_text", "deepseek_ocr2": "deepseek_ocr2_text", "deepseek_vl": "llama", "deepseek_vl_hybrid": "llama",
    "diffusion_gemma": "diffusion_gemma_text", "dots3_note": "dots3_note_text", "emu3": "emu3_text_model",
    "ernie4_5_vl_moe": "ernie4_5_vl_moe_text", "exaone4_5": "exaone4", "fast_vlm": "qwen2", "florence2": "bart", "fun_asr_nano": "qwen3",
    "fuyu": "persimmon", "gemma3": "gemma3_text", "gemma3n": "gemma3n_text", "gemma4": "gemma4_text", "gemma4_assistant": "gemma4_text",
    "gemma4_unified": "gemma4_unified_text", "gemma4_unified_assistant": "gemma4_unified_text", "glm46v": "glm4v_text",
    "glm4v": "glm4v_text", "glm4v_moe": "glm4v_moe_text", "glm5_next": "glm5_next_text", "glm_ocr": "glm_ocr_text", "glmasr": "llama",
    "glmga": "glm4v_text", "got_ocr2": "qwen2", "granite4_vision": "granite4_vision_text", "granite_docling": "granite_docling_text",
    "granite_speech": "granite", "granite_speech_plus": "granite", "hunyuan_vl": "hunyuan_vl_text",
    "hyperclovax_vision_v2": "hyperclovax", "idefics2": "mistral", "idefics3": "llama", "inkling2": "inkling2_text",
    "inkling_mm_model": "inkling_text", "instructblip": "opt", "instructblipvideo": "opt", "internvl": "qwen2", "janus": "llama",
    "kimi_k25": "deepseek_v3", "kosmos-2": "kosmos_2_text_model", "kosmos-2.5": "kosmos_2_5_text_model", "lfm2_vl": "lfm2",
    "lfm3_vl": "lfm3", "lighton_ocr": "qwen3", "llama4": "llama4_text", "llava": "llama", "llava_next": "llama",
    "llava_next_video": "llama", "llava_onevision": "qwen2", "minicpm_ocr": "qwen3_5_text", "minicpmv4_6": "qwen3_5_text",
    "minicpmv4_7": "qwen3_5_text", "minimax_m3_vl": "minimax_m3_vl_text", "mistral3": "mistral", "mistral_large4": "mistral_large4_text",
    "mllama": "mllama_text_model", "molmo2": "molmo2_text", "moss_transcribe_diarize": "qwen3", "muse_glimmer": "muse_glimmer_text",
    "muse_spark": "muse_spark_text", "musicflamingo": "qwen2", "nemo_speechlm": "nemotron_h", "nemotron_h_omni": "nemotron_h",
    "ovis2": "qwen2", "paddleocr_vl": "paddleocr_vl_text", "paligemma": "gemma", "perception_lm": "llama",
    "pix2struct": "pix2struct_text_model", "pp_chart2table": "qwen2", "pp_formulanet": "pp_formulanet_text", "qianfan_ocr": "qwen3",
    "qwen2_5_omni": "qwen2_5_omni_text", "qwen2_5_omni_thinker": "qwen2_5_omni_text", "qwen2_5_vl": "qwen2_5_vl_text",
    "qwen2_audio": "qwen2", "qwen2_vl": "qwen2_vl_text", "qwen3_5": "qwen3_5_text", "qwen3_5_moe": "qwen3_5_moe_text",
    "qwen3_asr": "qwen3", "qwen3_omni_moe": "qwen3_omni_moe_text", "qwen3_omni_moe_thinker": "qwen3_omni_moe_text",
    "qwen3_vl": "qwen3_vl_text", "qwen3_vl_moe": "qwen3_vl_moe_text", "qwen4_exp": "qwen4_exp_text", "shieldgemma2": "gemma3_text",
    "smolvlm": "llama", "step3p7": "step3p5", "unlimited_ocr": "unlimited_ocr_text", "vibevoice": "qwen2", "vibevoice_asr": "qwen2",
    "video_llama_3": "qwen2", "video_llava": "llama", "vipllava": "llama", "voxtral": "llama",
    "voxtral_realtime": "voxtral_realtime_text",
    # code of their own, https://github.com/vllm-project/vllm/tree/main/vllm/transformers_utils/configs
    "deepseek_vl_v2": "deepseek_v2", "kimi_vl": "deepseek_v3",
}  # fmt: skip
