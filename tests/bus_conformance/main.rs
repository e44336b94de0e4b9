//! One conformance suite for every event bus.
