"""DMaaP Message Router over HTTP, the compatible sink."""

from fed_common.publishers.dmaap.publisher import DmaapPublisher

__all__ = ["DmaapPublisher"]
