//! Card numbers as readers see them: Wiegand formats.
