"""The posters as a DAG of Airflow 3. The marked functions are imported, as Airflow gives a DAG's file another name."""

from airflow.sdk import dag, task


@dag(schedule=None, params={"names": ["owls", "bats", "moths", "newts"]})
def posters() -> None:
    """Make the posters of `names`, each in a task of its own."""

    @task
    def choose(params: dict[str, list[str]]) -> list[str]:
        return params["names"]

    @task(retries=3)
    def make(name: str) -> None:
        from posters import draw, summarise  # Airflow reads this file again and again, and needs none of it for that

        draw(summarise(name))

    make.expand(name=choose())


posters()
