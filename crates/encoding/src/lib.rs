//! An encoding's description, plan, run, resume and check.
