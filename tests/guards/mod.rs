//! Guards: each fails if two places that must agree differ, and names the place to fix.

mod credit;
mod documents;
mod functions;
mod privileges;
mod prose;
mod repository;
mod routes;
mod scheduled;
mod sources;
mod table;
mod template;

pub(crate) use privileges::allows;
