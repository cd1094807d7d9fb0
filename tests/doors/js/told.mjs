// What every program here does with an outcome: one line of JSON, and never an exception.

export async function tell(name, work) {
  let told;
  try {
    told = { ok: await work() };
  } catch (error) {
    told = {
      error: error?.name ?? "Error",
      message: String(error?.message ?? error),
      status: error?.status ?? error?.statusCode,
      body: error?.body ?? error?.responseBody,
      cause: error?.cause && String(error.cause?.message ?? error.cause),
    };
  }
  console.log(JSON.stringify({ [name]: told }));
}
