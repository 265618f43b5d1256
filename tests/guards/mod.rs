//! Guards: each fails when two places that must say the same thing drift apart, and says which to mend.

mod documents;
mod functions;
mod privileges;
mod repository;
mod routes;
mod sources;
mod table;
mod template;
