//! A card design to pixels and PDF, from one scene.
