"""The settings of the account, validated as a whole before anything is made."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pulumi.runtime import config as runtime
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from bootstrap import names, trust
from infra.problems import Problem, SettingsError, shown
from infra.setting_types import STACK_NAME, STRICT, PrincipalArn, Region

# GitHub's tokens name a repository by name and number since 15 July 2026, an older repository by its name alone:
# https://docs.github.com/en/actions/reference/security/oidc
_OWNER, _NAME, _NUMBER = (
    r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}",
    r"(?!\.{1,2}[/@]|\.{1,2}\Z)[A-Za-z0-9._-]{1,100}",
    r"\d{1,20}",
)
TRUST_CHARACTERS = 2048
STRUCTURED = {"environments": "list", "regions": "map", "operators": "list", "hostedZones": "list"}


def _distinct(items: list[str]) -> list[str]:
    if len(set(items)) != len(items):
        raise ValueError("the same entry is there twice")
    return items


def _environment(name: str) -> str:
    if name == names.REVIEW_ENVIRONMENT or name.startswith(names.REVIEW_PREFIX):
        raise ValueError("it is a name of review environments")
    return name


def _text(pattern: str, most: int | None = None) -> StringConstraints:
    return StringConstraints(pattern=rf"(?a)^{pattern}\Z", max_length=most)


Repository = Annotated[str, _text(rf"({_OWNER}/{_NAME}|{_OWNER}@{_NUMBER}/{_NAME}@{_NUMBER})")]
Environment = Annotated[str, _text(STACK_NAME), AfterValidator(_environment)]
Branch = Annotated[str, _text(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")]
ZoneId = Annotated[str, _text(r"Z[A-Z0-9]{1,31}")]
ProviderArn = Annotated[str, _text(rf"arn:aws:iam::\d{{12}}:oidc-provider/{names.GITHUB_ISSUER}")]


class Settings(BaseModel):
    """The validated settings of the account. A field's description says what it takes."""

    model_config = STRICT | ConfigDict(alias_generator=to_camel)

    region: Region = Field("us-west-2", description="an AWS region of the standard partition, e.g. us-west-2")
    repository: Repository = Field(description="owner@1/name@2 as GitHub's tokens say it, or owner/name if it is older")
    environments: Annotated[list[Environment], AfterValidator(_distinct)] = Field(
        ["dev", "prod"], min_length=1, max_length=10, description="names of one to ten stacks, e.g. [dev, prod]"
    )
    regions: dict[Environment, Region] = Field(
        {}, description="a map of environments to AWS regions, e.g. {prod-eu: eu-west-1}; the others are in region"
    )
    default_branch: Branch = Field("main", description="the name of a branch, e.g. main")
    operators: Annotated[list[PrincipalArn], AfterValidator(_distinct)] = Field(
        [], description="ARNs of IAM roles and users, e.g. [arn:aws:iam::123456789012:role/operator]"
    )
    hosted_zones: Annotated[list[ZoneId], AfterValidator(_distinct)] = Field(
        [], max_length=20, description="ids of Route 53 zones, e.g. [Z0123456789ABCDEFGHIJ]"
    )
    github_oidc_provider: ProviderArn | None = Field(
        None, description=f"arn:aws:iam::<account>:oidc-provider/{names.GITHUB_ISSUER}"
    )

    def region_of(self, environment: str) -> str:
        """The AWS region of an environment's stack."""
        return self.regions.get(environment, self.region)


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: the configuration has problems; all of them are in it.
    """
    return parse({**runtime.get_config_env(), **runtime.CONFIG.get()})


def parse(configuration: Mapping[str, str]) -> Settings:
    """Settings from the stack's whole configuration.

    Args:
        configuration: `namespace:key` to text, as the engine hands it over: lists are JSON. An empty text stands for a
            setting that is not set.

    Raises:
        SettingsError: as `load`.
    """
    problems: list[Problem] = []
    reasons: dict[str, str] = {}
    given = _given(configuration, problems, reasons)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        for each in error.errors():
            reasons.setdefault(str(each["loc"][0]), _reason(each))
    else:
        reasons |= {key: reason for key, reason in _between(settings).items() if key not in reasons}
    for key, reason in reasons.items():
        full_key = f"{names.BOOTSTRAP_PROJECT}:{key}"
        cure = str(_fields()[key].description)
        problems.append(Problem(full_key, shown(configuration.get(full_key, "")), reason, cure))
    if problems:
        raise SettingsError(problems)
    return settings


def _fields() -> dict[str, FieldInfo]:
    return {str(field.alias): field for field in Settings.model_fields.values()}


def _given(configuration: Mapping[str, str], problems: list[Problem], reasons: dict[str, str]) -> dict[str, Any]:
    """The settings that are set, decoded; `problems` gets keys that nothing reads, `reasons` why one cannot be."""
    fields = _fields()
    given: dict[str, Any] = {}
    for full_key, text in configuration.items():
        namespace, _, key = full_key.partition(":")
        if namespace == "pulumi":
            continue
        if namespace != names.BOOTSTRAP_PROJECT or key not in fields:
            cure = f"the settings are {', '.join(fields)}"
            problems.append(Problem(shown(full_key)[1:-1], shown(text), "there is no such setting", cure))
        elif text != "":
            try:
                given[key] = json.loads(text) if key in STRUCTURED else text
            except (ValueError, RecursionError):
                reasons[key] = f"it is not a {STRUCTURED[key]}"
    return given


def _between(settings: Settings) -> dict[str, str]:
    """What is wrong between settings that are right by themselves, by key."""
    found = {}
    if names.REVIEW_PLATFORM not in settings.environments:
        found["environments"] = f"it has not {names.REVIEW_PLATFORM}, on whose cluster review environments stand"
    if unknown := [each for each in settings.regions if each not in settings.environments]:
        found["regions"] = f"{', '.join(unknown)} is not among the environments"
    account = "0" * 12
    where = (account, trust.provider_arn(account), settings.repository)
    trusts = [
        trust.preview_trust(*where, settings.default_branch, settings.operators),
        trust.review_trust(*where, settings.operators),
        *(trust.deploy_trust(*where, each, settings.operators) for each in settings.environments),
    ]
    longest = max(map(len, trusts))
    if longest > TRUST_CHARACTERS:
        found["operators"] = (
            f"a role's trust would have {longest} characters, and IAM takes {TRUST_CHARACTERS}: name one role "
            "that all operators take"
        )
    return found


def _reason(error: Any) -> str:
    where = "".join(f"at [{shown(str(part))[1:-1]}]: " for part in error["loc"][1:2])
    known = {
        "missing": "it is not set",
        "string_pattern_mismatch": "it has not the form that is needed",
        "too_short": "it has too few entries",
        "too_long": "it has too many entries",
    }
    what = known.get(error["type"]) or error["msg"].removeprefix("Value error, ").replace(
        "Input should be", "it is not"
    )
    return f"{where}{what}"
