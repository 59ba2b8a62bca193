"""What a handler returned, as the JSON text that is kept."""

from pydantic_core import to_json

from runtime.model.outcomes import describe_error

MAX_RESULT_BYTES = 64 * 1024


def result_text(value: object) -> str:
    """JSON text of whatever pydantic can write: models, dataclasses, dates, plain values.

    Raises:
        ValueError: why it cannot be kept.
    """
    try:
        encoded = to_json(value, inf_nan_mode="null")
    except Exception as error:  # the application's serializers may raise anything
        raise ValueError(f"it cannot be written as JSON: {describe_error(error).splitlines()[0]}") from error
    if len(encoded) > MAX_RESULT_BYTES:
        raise ValueError(f"it is larger than {MAX_RESULT_BYTES} bytes")
    if b"\\u0000" in encoded:
        raise ValueError("it holds a NUL character")  # as payloads: not every database can read such JSON
    return encoded.decode()
