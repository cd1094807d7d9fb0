"""Model ids and parameters as types, so that editors complete them and type checkers find a misspelling.

Generated from the catalog by `make gen`; do not edit. Which of them a given model takes, and between which bounds, is
checked when the request is made: `fluxroom models show MODEL`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypedDict

from fluxroom.types import Mode, OnUnsupported, Reference, Routing, Size


class HasBytes(Protocol):
    """Anything that holds the bytes of a picture, such as an image that Fluxroom made."""

    @property
    def bytes(self) -> bytes:
        """The file's bytes."""


Picture = str | PathLike[str] | bytes | Reference | HasBytes
"""A picture to work from: a file, an https URL, a data URI, bytes, the hash of a stored picture, an earlier image."""


class Lora(TypedDict, total=False):
    """LoRA weights: where they are and how strongly they work."""

    path: str
    scale: float


ModelId = Literal[
    "flux-2-pro",
    "bfl/flux-2-pro",
    "fal/flux-2-pro",
    "flux-2-dev",
    "fal/flux-2-dev",
    "flux-2-flex",
    "bfl/flux-2-flex",
    "fal/flux-2-flex",
    "flux-2-max",
    "bfl/flux-2-max",
    "fal/flux-2-max",
    "flux-2-pro-preview",
    "bfl/flux-2-pro-preview",
    "flux-2-lora",
    "fal/flux-2-lora",
    "flux-2-turbo",
    "fal/flux-2-turbo",
    "flux-2-flash",
    "fal/flux-2-flash",
    "flux-2-klein-4b",
    "bfl/flux-2-klein-4b",
    "fal/flux-2-klein-4b",
    "flux-2-klein-9b",
    "bfl/flux-2-klein-9b",
    "fal/flux-2-klein-9b",
    "flux-2-klein-9b-preview",
    "bfl/flux-2-klein-9b-preview",
    "flux-2-klein-4b-base",
    "fal/flux-2-klein-4b-base",
    "flux-2-klein-9b-base",
    "fal/flux-2-klein-9b-base",
    "flux-2-klein-4b-lora",
    "fal/flux-2-klein-4b-lora",
    "flux-2-klein-9b-lora",
    "fal/flux-2-klein-9b-lora",
    "flux-2-klein-4b-base-lora",
    "fal/flux-2-klein-4b-base-lora",
    "flux-2-klein-9b-base-lora",
    "fal/flux-2-klein-9b-base-lora",
    "flux-3-image",
    "bfl/flux-3-image",
    "fal/flux-3-image",
    "flux-kontext-pro",
    "bfl/flux-kontext-pro",
    "fal/flux-kontext-pro",
    "flux-kontext-max",
    "bfl/flux-kontext-max",
    "fal/flux-kontext-max",
    "flux-kontext-dev",
    "fal/flux-kontext-dev",
    "flux-kontext-lora",
    "fal/flux-kontext-lora",
    "flux-pro-1.1-ultra",
    "bfl/flux-pro-1.1-ultra",
    "fal/flux-pro-1.1-ultra",
    "flux-pro-1.1",
    "bfl/flux-pro-1.1",
    "fal/flux-pro-1.1",
    "flux-dev",
    "bfl/flux-dev",
    "fal/flux-dev",
    "flux-schnell",
    "fal/flux-schnell",
    "flux-krea",
    "fal/flux-krea",
    "flux-srpo",
    "fal/flux-srpo",
    "flux-pro-1.1-ultra-finetuned",
    "bfl/flux-pro-1.1-ultra-finetuned",
    "fal/flux-pro-1.1-ultra-finetuned",
    "flux-pro-new",
    "fal/flux-pro-new",
    "flux-pro-redux",
    "fal/flux-pro-redux",
    "flux-pro",
    "flux-general",
    "fal/flux-general",
    "flux-general-differential-diffusion",
    "fal/flux-general-differential-diffusion",
    "flux-general-rf-inversion",
    "fal/flux-general-rf-inversion",
    "flux-lora",
    "fal/flux-lora",
    "flux-krea-lora",
    "fal/flux-krea-lora",
    "flux-lora-canny",
    "fal/flux-lora-canny",
    "flux-lora-depth",
    "fal/flux-lora-depth",
    "flux-lora-fill",
    "fal/flux-lora-fill",
    "flux-control-lora-canny",
    "fal/flux-control-lora-canny",
    "flux-control-lora-depth",
    "fal/flux-control-lora-depth",
    "flux-subject",
    "fal/flux-subject",
    "flux-pulid",
    "fal/flux-pulid",
    "flux-differential-diffusion",
    "fal/flux-differential-diffusion",
    "flux-pro-fill",
    "bfl/flux-pro-fill",
    "fal/flux-pro-fill",
    "flux-pro-fill-finetuned",
    "bfl/flux-pro-fill-finetuned",
    "fal/flux-pro-fill-finetuned",
    "flux-outpaint",
    "bfl/flux-outpaint",
    "fal/flux-outpaint",
    "flux-pro-expand",
    "bfl/flux-pro-expand",
    "flux-erase",
    "bfl/flux-erase",
    "fal/flux-erase",
    "flux-deblur",
    "bfl/flux-deblur",
    "flux-vto-v2",
    "bfl/flux-vto-v2",
    "flux-vto-v1",
    "bfl/flux-vto-v1",
    "flux-vto",
    "fal/flux-vto",
    "flux-vision-upscaler",
    "fal/flux-vision-upscaler",
    "lucidflux",
    "fal/lucidflux",
    "flux-2-add-background",
    "fal/flux-2-add-background",
    "flux-2-apartment-staging",
    "fal/flux-2-apartment-staging",
    "flux-2-ballpoint-pen-sketch",
    "fal/flux-2-ballpoint-pen-sketch",
    "flux-2-digital-comic-art",
    "fal/flux-2-digital-comic-art",
    "flux-2-face-to-full-portrait",
    "fal/flux-2-face-to-full-portrait",
    "flux-2-hdr-style",
    "fal/flux-2-hdr-style",
    "flux-2-multiple-angles",
    "fal/flux-2-multiple-angles",
    "flux-2-realism",
    "fal/flux-2-realism",
    "flux-2-satellite-view-style",
    "fal/flux-2-satellite-view-style",
    "flux-2-sepia-vintage",
    "fal/flux-2-sepia-vintage",
    "flux-2-virtual-tryon",
    "fal/flux-2-virtual-tryon",
    "juggernaut-flux-pro",
    "fal/juggernaut-flux-pro",
    "juggernaut-flux-base",
    "fal/juggernaut-flux-base",
    "juggernaut-flux-lightning",
    "fal/juggernaut-flux-lightning",
    "juggernaut-flux-lora",
    "fal/juggernaut-flux-lora",
    "rundiffusion-photo-flux",
    "fal/rundiffusion-photo-flux",
]
"""Models and routes; a provider's own endpoint id works as well, as plain text."""


class EditParameters(TypedDict, total=False):
    """Every parameter that some model takes, under its canonical name; without the references."""

    acceleration: Literal["high", "none", "regular"]
    """Speed against quality; higher levels are faster."""
    aspect_ratio: str
    """Ratio of width to height."""
    auto_crop: bool
    """Crop the input where it reaches beyond the canvas; without it that is an error."""
    base_shift: float
    """Timestep shift at the smallest sequence length."""
    change_map_image_url: Picture
    """Grey-scale map saying how strongly each pixel may change."""
    control_lora_image_url: Picture
    """Control image that steers the control LoRA."""
    control_lora_strength: float
    """Weight of the control LoRA."""
    control_loras: Sequence[Mapping[str, Any]]
    """LoRAs that also consume a control image (merged)."""
    controller_guidance_forward: float
    """Gamma of the inversion (structured noise) pass."""
    controller_guidance_reverse: float
    """Eta of the denoising pass; near 1 stays close to the input."""
    controlnet_unions: Sequence[Mapping[str, Any]]
    """Union ControlNets (only one is supported)."""
    controlnets: Sequence[Mapping[str, Any]]
    """ControlNets (only one is supported)."""
    creativity: float
    """How far the upscaler may depart from the source (denoise strength)."""
    dilate_pixels: int
    """Pixels by which the mask grows before it is used."""
    easycontrols: Sequence[Mapping[str, Any]]
    """EasyControl inputs."""
    enable_prompt_expansion: bool
    """Let the provider expand the prompt first."""
    enable_safety_checker: bool
    """Filter unsafe pictures; switching it off needs an account that is allowed to."""
    expand_bottom: int
    """Pixels to add below."""
    expand_left: int
    """Pixels to add on the left."""
    expand_right: int
    """Pixels to add on the right."""
    expand_top: int
    """Pixels to add above."""
    fill_image: Mapping[str, Any]
    """Image(s) placed into the masked area."""
    finetune_id: str
    """Name of your finetune, or `org-id/lora-name` of a shared one."""
    finetune_strength: float
    """Influence of the finetune; 0 is none, 1 is full."""
    grounding: bool
    """Let the model search the web for facts and pictures first."""
    guidance_scale: float
    """How closely the prompt is followed; higher is closer and less natural."""
    horizontal_angle: float
    """Camera azimuth in degrees."""
    id_weight: float
    """Weight of the identity embedding."""
    image_prompt_strength: float
    """Weight of the reference against the prompt."""
    image_size: str | Size | Mapping[str, int]
    """A preset, width and height in pixels, or text like 1536x1024."""
    input_image_blob_path: str
    """Path of the input in the provider's own storage (internal)."""
    ip_adapters: Sequence[Mapping[str, Any]]
    """IP-Adapters."""
    lora_scale: float
    """Strength of the built-in effect LoRA."""
    loras: Sequence[Lora | Mapping[str, Any]]
    """LoRA weights to merge."""
    mask: Picture
    """Black and white picture of the input's size; white is what changes."""
    max_sequence_length: Literal["128", "256", "512"]
    """Maximum prompt token length."""
    max_shift: float
    """Timestep shift at the largest sequence length."""
    nag_alpha: float
    """NAG blend factor."""
    nag_end: float
    """Share of steps that use NAG."""
    nag_scale: float
    """NAG strength."""
    nag_tau: float
    """NAG normalisation limit."""
    negative_prompt: str
    """What to avoid."""
    num_inference_steps: int
    """Denoising steps; more is slower and finer."""
    output_format: Literal["jpeg", "png", "webp"]
    """File format of the picture."""
    paste_back: bool
    """Composite the untouched pixels of the source back."""
    photo_lora_scale: float
    """Scale of the built-in photo LoRA."""
    preprocess_depth: bool
    """Derive the depth/control map from the input."""
    quality: Literal["fast", "high"]
    """`high` for fidelity, `fast` for speed."""
    raw: bool
    """Less processed, more natural pictures."""
    real_cfg_scale: float
    """Classical CFG scale (only with use_real_cfg)."""
    reference_end: float
    """Fraction of the schedule where reference guidance ends."""
    reference_image_url: Picture
    """Reference image."""
    reference_offset_x: int
    """Pixels from the canvas's left edge to the input's; unset centres it."""
    reference_offset_y: int
    """Pixels from the canvas's top edge to the input's; unset centres it."""
    reference_start: float
    """Fraction of the schedule where reference guidance starts."""
    reference_strength: float
    """Strength of reference-only guidance."""
    resize_to_original: bool
    """Scale the output back to the source size."""
    resolution: Literal["1.5k", "1k", "2k", "4k", "512sq", "768sq"]
    """Size class of the picture."""
    reverse_guidance_end: int
    """Step where reverse guidance stops."""
    reverse_guidance_schedule: Literal["constant", "linear_decrease", "linear_increase"]
    """Schedule of the reverse guidance."""
    reverse_guidance_start: int
    """Step where reverse guidance starts."""
    safety_tolerance: int | str
    """Tolerance of the moderation; lower is stricter."""
    scheduler: Literal["dpmpp_2m", "euler"]
    """Sampler."""
    seed: int
    """Number that makes a result repeatable; random when unset."""
    sigma_schedule: str
    """Sigma schedule name."""
    start_step: int
    """Step at which identity injection starts."""
    strength: float
    """How far the result may leave the reference; 1 ignores it."""
    sync_mode: bool
    """Return media inline as data URI; result is then not kept in the request history."""
    target_height: float
    """Output height."""
    target_width: float
    """Output width."""
    true_cfg: float
    """Classical CFG scale."""
    upscale_factor: float
    """Scale factor."""
    use_beta_schedule: bool
    """Use beta sigmas."""
    use_cfg_zero: bool
    """CFG-zero initial sampling."""
    use_real_cfg: bool
    """Use classical CFG (slower and dearer)."""
    user: str
    """Your own opaque id of the end user, at most 256 characters."""
    version: str
    """Version of the model."""
    vertical_angle: float
    """Camera elevation in degrees."""
    zoom: float
    """Camera distance, wide to close-up."""
    mode: Mode
    """What to do; derived from the request when it is not given."""
    extra: Mapping[str, Mapping[str, Any]]
    """Fields that the schema does not know, by provider, sent as is."""
    on_unsupported: OnUnsupported
    """`error` (default), or `report`: leave out what the model does not take."""
    max_references: int
    """How many of a longer list of references are sent; the first ones win."""
    cache: Literal["on", "off"]
    """Give the picture of the same request and seed again, free (`on`), or not."""
    idempotency_key: str
    """The same key and request lead to the same pictures, also after a restart."""
    priority: int
    """Higher goes first; 10 when nothing is said, 0 for bulk."""
    run: str
    """The run that the request belongs to; budgets and sums are kept by it."""
    region: Literal["global", "eu", "us"]
    """Where BFL works on the job."""
    routing: Routing
    """Which provider, where only the model is named; default: FLUXROOM_ROUTING."""


class Parameters(EditParameters, total=False):
    """Every parameter that some model takes, under its canonical name."""

    references: Sequence[Picture] | Picture
    """Pictures to work from, in order: image 1, image 2, …"""


class Options(Parameters, total=False):
    """Parameters, and how many pictures are wanted."""

    num_images: int
    """How many pictures; one job each where the model makes one at a time."""
