"""Jobs in doubt: a person decides."""

from __future__ import annotations

from fastapi import APIRouter

from fluxroom.server import answers
from fluxroom.server.answers import JobAnswer
from fluxroom.server.gateway import Running, checked_id
from fluxroom.server.schemas import ResolveBody

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post("/{job_id}/resolve", summary="Decide about a job in doubt")
async def resolve(gateway: Running, job_id: str, body: ResolveBody) -> JobAnswer:
    """Send a job in doubt again (which pays again if the provider had taken it), or give it up."""
    return answers.job(await gateway.client.resolve(checked_id(job_id, "job"), body.choice))
