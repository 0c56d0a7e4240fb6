//! IPP printers, followed to the printer's own word.
