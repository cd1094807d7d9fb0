"""fal's two kinds of failure and the answers that a failed run replays (docs.fal.ai, errors, 2026)."""

from __future__ import annotations

from typing import Any, Final

from fluxroom.sandbox.fal_validation import ERROR_PAGE

# Type: HTTP status, sentence, what ctx carries. Model errors come as a list in "detail".
MODEL_ERRORS: Final[dict[str, tuple[int, str, dict[str, Any]]]] = {
    "internal_server_error": (500, "Internal server error", {}),
    "generation_timeout": (504, "Generation timeout", {}),
    "downstream_service_error": (400, "Downstream service error", {}),
    "downstream_service_unavailable": (500, "Downstream service unavailable", {}),
    "content_policy_violation": (
        422,
        "The content could not be processed because it was flagged by a content checker.",
        {},
    ),
    "no_media_generated": (422, "No media was generated", {}),
    "image_too_small": (422, "Image is too small", {"min_width": 256, "min_height": 256}),
    "image_too_large": (422, "Image is too large", {"max_width": 10000, "max_height": 10000}),
    "image_load_error": (422, "Failed to load the image. Please ensure the image file is not corrupted.", {}),
    "file_download_error": (422, "Failed to download the file. Please check if the URL is accessible.", {}),
    "face_detection_error": (422, "No face detected in the image", {}),
    "file_too_large": (422, "File size exceeds the limit", {"max_size": 52428800}),
    "greater_than": (422, "Input should be greater than 0", {"gt": 0}),
    "greater_than_equal": (422, "Input should be greater than or equal to 1", {"ge": 1}),
    "less_than": (422, "Input should be less than 10", {"lt": 10}),
    "less_than_equal": (422, "Input should be less than or equal to 4", {"le": 4}),
    "multiple_of": (422, "Input should be a multiple of 8", {"multiple_of": 8}),
    "sequence_too_short": (422, "List should have at least 1 item after validation, not 0", {"min_length": 1}),
    "sequence_too_long": (422, "List should have at most 10 items after validation, not 11", {"max_length": 10}),
    "one_of": (422, "Input should be one of the expected values", {"expected": ["a", "b"]}),
    "feature_not_supported": (422, "Feature not supported", {}),
    "invalid_archive": (422, "Invalid archive", {"supported_extensions": [".zip"]}),
    "archive_file_count_below_minimum": (422, "Too few files in the archive", {"min_count": 4, "provided_count": 1}),
    "archive_file_count_exceeds_maximum": (
        422,
        "Too many files in the archive",
        {"max_count": 100, "provided_count": 101},
    ),
    "unsupported_image_format": (422, "Unsupported image format", {"supported_formats": ["png", "jpeg", "webp"]}),
    "unsupported_audio_format": (422, "Unsupported audio format", {"supported_formats": ["mp3", "wav"]}),
    "unsupported_video_format": (422, "Unsupported video format", {"supported_formats": ["mp4", "mov"]}),
    "audio_duration_too_short": (422, "Audio is too short", {"min_duration": 1, "provided_duration": 0.5}),
    "audio_duration_too_long": (422, "Audio is too long", {"max_duration": 60, "provided_duration": 61}),
    "video_duration_too_short": (422, "Video is too short", {"min_duration": 1, "provided_duration": 0.5}),
    "video_duration_too_long": (422, "Video is too long", {"max_duration": 60, "provided_duration": 61}),
    "missing": (422, "Field required", {}),
    "string_type": (422, "Input should be a valid string", {}),
    "literal_error": (422, "Input should be 'jpeg' or 'png'", {"expected": "'jpeg' or 'png'"}),
    "int_parsing": (422, "Input should be a valid integer, unable to parse string as an integer", {}),
}
# Infrastructure errors: {"detail": text, "error_type": type} and the header X-Fal-Error-Type.
REQUEST_ERRORS: Final[dict[str, tuple[int, str]]] = {
    "request_timeout": (504, "Request timed out"),
    "startup_timeout": (504, "Runner startup timed out"),
    "runner_scheduling_failure": (503, "Runner could not be scheduled"),
    "runner_connection_timeout": (503, "Connection to the runner timed out"),
    "runner_disconnected": (503, "Runner disconnected"),
    "runner_connection_refused": (503, "Runner refused the connection"),
    "runner_connection_error": (503, "Could not connect to the runner"),
    "runner_incomplete_response": (502, "Runner sent an incomplete response"),
    "runner_server_error": (500, "Runner failed"),
    "internal_error": (500, "Internal error"),
    "client_disconnected": (499, "Client disconnected"),
    "client_cancelled": (499, "Request was cancelled by the client"),
    "bad_request": (400, "Bad request"),
}


def failure(
    kind: str, *, at: list[str | int] | None = None, given: Any = None, ctx: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer that a run failed with this type replays: status, body, error type and retry hint."""
    if kind in REQUEST_ERRORS:
        status, text = REQUEST_ERRORS[kind]
        return {"status": status, "body": {"detail": text, "error_type": kind}, "error_type": kind}
    status, text, usual = MODEL_ERRORS.get(kind, (500, "Internal server error", {}))
    error: dict[str, Any] = {"loc": at or ["body"], "msg": text, "type": kind, "url": f"{ERROR_PAGE}{kind}"}
    if ctx or usual:
        error["ctx"] = ctx or usual
    if given is not None:
        error["input"] = given
    return {"status": status, "body": {"detail": [error]}, "error_type": kind}


def invalid(complaints: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer that a run with a bad input replays."""
    return {"status": 422, "body": {"detail": complaints}, "error_type": "validation_error"}
