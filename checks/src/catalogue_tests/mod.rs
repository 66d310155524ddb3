//! What holds of the whole catalogue: no check may need an exception.

mod completeness;
mod guards;
mod peers;
