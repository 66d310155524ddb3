//! Which events a trail or a store records: the selectors modelled, not searched.
