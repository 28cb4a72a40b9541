"""What happens to clips: plain functions over rows; no Prefect."""
