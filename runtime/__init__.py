"""Creche: background jobs on trio, durable in the application's own database.

General layout, from below: `errors` and `clock`; `model`, what a job is (pure);
`db`, transactions as functions; `store`, the job tables; `job`, `transaction`,
`client`, `context`, `handlers`, `app`, what an application uses; `worker`, who
moves a job; `cli`, the command. An import points down, never up.
"""
