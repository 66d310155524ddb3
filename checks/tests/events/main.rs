//! Records of logs: read, looked into, asked.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod alike;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod language;
#[cfg(test)]
mod prefilter;
#[cfg(test)]
mod shapes;
