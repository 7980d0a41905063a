"""A model as a web service, in the form of OpenAI's, so that their clients work unchanged.

    with serve(llm) as server:
        print(server.url)

It needs the extra `serve`: pip install "rustgpt_lab[serve]".
"""

from .server import Server as Server, serve as serve
