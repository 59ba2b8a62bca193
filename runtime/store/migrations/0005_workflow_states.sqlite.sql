-- Workflows by state, newest first, without a walk over those in another. None of these columns changes while the
-- jobs of a workflow complete, so counting them stays an update that touches no index.
CREATE INDEX workflows_running ON workflows (id) WHERE finished_at IS NULL;
CREATE INDEX workflows_failed ON workflows (id) WHERE finished_at IS NOT NULL AND failed > 0;
CREATE INDEX workflows_cancelled ON workflows (id) WHERE finished_at IS NOT NULL AND failed = 0 AND cancelled > 0;
