"""Chat templates: sound ones, and ones that loop, blow up or reach for what is not theirs."""
# ruff: noqa: E501 (a template a line)

SOUND = [
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "{%- set ns = namespace(found=false) %}\n{%- for message in messages[::-1] %}\n    {%- if not ns.found and message.role == 'user' %}{% set ns.found = true %}{% endif %}\n{%- endfor %}\n{%- macro say(m) -%}<{{ m.role | upper }}> {{ m.content | trim }}{%- endmacro -%}\n{%- for message in messages %}{{ say(message) ~ '\n' }}{% if loop.last %}{{ message | tojson }}{% endif %}{% endfor %}",
]
"""As models bring them: SmolLM2's, Llama 2's, and one with most of what others use."""

BAD = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a long range": "{% for a in range(10**12) %}{% endfor %}",
    "a text a billion times": "{{ 'a' * 10**9 }}",
    "a billion times a text": "{{ 10**9 * 'a' }}",
    "a list a billion times": "{{ [1] * 10**9 }}",
    "a power of powers": "{{ 9**(9**(9**9)) }}",
    "a square again and again": "{% set ns = namespace(x=9) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "a width of a billion": "{{ '%999999999d' % 1 }}",
    "a format": "{{ '{:999999999}'.format(1) }}",
    "a filter that formats": "{{ '%999999999d' | format(1) }}",
    "a wide line": "{{ 'a' | center(10**9) }}",
    "a wide line by a method": "{{ 'a'.ljust(10**9) }}",
    "doubled by +": "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "doubled by ~": "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubled by a block": "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    "a tower of lists": "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "a tower of mappings": "{% set ns = namespace(x={}) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
    "a tower of pairs": "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ ns.x == ns.x }}",
    "a tower by a call": "{% set ns = namespace(x={}) %}{% for i in range(60) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x | tojson }}",
    "a tower of namespaces": "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "a macro that calls itself": "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "a macro that branches": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "a loop that calls itself": "{% for x in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "much output": "{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
    "much output through a filter": "{% filter upper %}{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfilter %}",
    "a text for every letter": "{% set a = 'a' * 200000 %}{{ a.replace('a', a) }}",
    "a text for every letter by a filter": "{% set a = 'a' * 200000 %}{{ a | replace('a', a) }}",
    "a text between all": "{% set a = 'a' * 200000 %}{{ range(9999) | list | join(a) }}",
    "filled rows": "{{ [1] | batch(10**9, 0) | list }}",
    "many large values": "".join(f"{{% set v{i} = 'a' * 200000 %}}" for i in range(2000)),
    "a search in a search": "{{ range(200000) | select('in', range(200000) | list) | list }}",
    "slow comparisons": "{% set a = 'a' * 200000 %}{% set b = 'a' * 199999 + 'b' %}{% for i in range(99999) %}{% if a < b %}{% endif %}{% endfor %}",
    "an indent of a billion": "{{ messages | tojson(indent=10**9) }}",
    "a long date": "{{ strftime_now('%Y' * 90000) }}",
    "the class of a text": "{{ ''.__class__.__mro__ }}",
    "what a list is made of": "{{ messages.__init__.__globals__ }}",
    "another template": "{% include '/etc/passwd' %}",
    "an import": "{% import 'x' as y %}",
    "brackets in brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "lists in lists": "{{ " + "[" * 900 + "]" * 900 + " }}",
    "conditions in conditions": "{% if 1 %}" * 2000 + "{% endif %}" * 2000,
    "200 loops in each other": "{% for a in [1] %}" * 200 + "{% endfor %}" * 200,
    "too long": "a" * (1 << 17),
    "no template": "{% for %}",
    "a refusal": "{{ raise_exception('no system, please') }}",
    "an unknown word": "{{ messages[0].content + nobody.knows }}",
}
MADE_OF = [
    "{{ ", " }}", "{% ", " %}", "for x in ", "endfor", "if ", "endif", "set x = ", "range(9999)", "messages", "x", "loop",
    "[x, x]", "{'a': x}", "x * 9999", "x + x", "x ~ x", "| join(x)", "| list", "| tojson", "(", ")", "[0]", "** 99",
    "namespace(a=x)", ".replace('a', x)", "| map('string')", "'a'", "macro m(n)", "endmacro", "m(1)", "9999999999",
]  # fmt: skip
"""What templates are made of, for a fuzzer."""
