"""The community of the blogs' tests."""

from tests.features.blogs.conftest import blogs

__all__ = ["blogs"]
