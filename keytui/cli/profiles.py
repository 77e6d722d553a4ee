"""Profiles: the vaults that this machine knows by name, and where the tokens for those of a team stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.asking import given_secret
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say_json_array, say_table
from keytui.cli.shapes import Shape
from keytui.domain.errors import Invalid, Refused
from keytui.domain.references import Place, Reference
from keytui.vault.configuration import table
from keytui.vault.profile import DEFAULT_PROFILE, Profile, configuration_path, load_profile, profile_names

_WAYS: Final = "--token-env VAR, --token-file FILE, --token-command COMMAND or --token-keyring"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the profile is called.")]

profiles = typer.Typer(
    rich_markup_mode=None, invoke_without_command=True, help="The vaults that this machine knows by name."
)


def list_profiles(context: typer.Context, *, json: JsonOption = False) -> None:
    """List every profile, and where its vault and its token are."""
    if context.invoked_subcommand is not None:
        return
    found = [load_profile(name) for name in profile_names()]
    if json:
        say_json_array(map(_shape, found))
        return
    rows = [(profile.name, _place(profile), _token(profile), _opens(profile)) for profile in found]
    say_table(("PROFILE", "VAULT", "TOKEN", "OPENS"), rows, "PROFILE", ("TOKEN",))


profiles.callback()(list_profiles)
profiles.command("list")(list_profiles)


@profiles.command()
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="The server, as https://keys.example.com.")],
    *,
    token_env: Annotated[str, typer.Option(metavar="VAR", help="A variable that holds the token.")] = "",
    token_file: Annotated[str, typer.Option(metavar="FILE", help="A file that only you read, with the token.")] = "",
    token_command: Annotated[str, typer.Option(metavar="COMMAND", help="What prints the token.")] = "",
    token_keyring: Annotated[bool, typer.Option("--token-keyring", help="The system's keyring.")] = False,
    certificates: Annotated[
        str, typer.Option(metavar="FILE", help="The authorities to trust instead of the system's, as PEM.")
    ] = "",
    production: Annotated[bool, typer.Option("--production", help="Open it read-only until it is armed.")] = False,
) -> None:
    """Name a team's server. Its token is never written down here: say where it stands."""
    from keytui.vault.profile_entries import add_entry
    from keytui.vault.team_server import TeamServer

    if name == DEFAULT_PROFILE:
        raise Refused(f"{DEFAULT_PROFILE} is the vault of this machine", "choose another name, as in prod")
    token = _reference(name, token_env, token_file, token_command, token_keyring)
    server = TeamServer(url, token, certificates)
    entry: dict[str, str | bool] = {"url": server.url, "token": str(token)}
    if certificates:
        entry["certificates"] = str(Path(certificates).expanduser().absolute())
    if production:
        entry["production"] = True
    add_entry(configuration_path(), name, entry)
    remark(f"`keytui --profile {name}` opens {server.host}")
    if token_keyring:
        remark(f"put the token into the keyring: `keytui profiles token {name}`")


@profiles.command()
def remove(name: NameArgument) -> None:
    """Forget a profile, and its token where that stands in the keyring. The vault itself stays as it is."""
    from keytui.vault.profile_entries import remove_entry
    from keytui.vault.system_keyring import forget_in_keyring

    path = configuration_path()
    token = str(table(path, "profiles").get(name, {}).get("token", ""))
    remove_entry(path, name)
    place, _, entry = token.partition(":")
    if place == Place.KEYRING:
        forget_in_keyring(entry.strip())
    remark(f"{name} is no profile any more; the vault itself is as it was")


@profiles.command()
def token(name: NameArgument) -> None:
    """Put a profile's token, from standard input, into the system's keyring, in the place of the one before."""
    from keytui.vault.remote.token import fit_for_header
    from keytui.vault.system_keyring import keep_in_keyring

    profile = load_profile(name)
    reference = profile.server.token if profile.server else None
    if reference is None or reference.place is not Place.KEYRING:
        raise Refused(f"the token of {name} does not stand in the keyring", f"it is {_token(profile) or 'none'}")
    keep_in_keyring(reference.name, fit_for_header(given_secret("token")))
    remark(f"the keyring holds the token of {name}")


def _reference(name: str, variable: str, file: str, command: str, keyring: bool) -> Reference:
    given = [
        Reference(place, where)
        for place, where in (
            (Place.ENV, variable),
            (Place.FILE, str(Path(file).expanduser().absolute()) if file else ""),
            (Place.COMMAND, command),
            (Place.KEYRING, name if keyring else ""),
        )
        if where
    ]
    if len(given) != 1:
        raise Invalid("one place has to be named where the token stands", _WAYS)
    return given[0]


def _place(profile: Profile) -> str:
    return profile.server.url if profile.server else str(profile.directory)


def _token(profile: Profile) -> str:
    return str(profile.server.token) if profile.server else ""


def _opens(profile: Profile) -> str:
    return "read-only" if profile.read_only else "writable"


def _shape(profile: Profile) -> Shape:
    return {
        "name": profile.name,
        "url": profile.server.url if profile.server else None,
        "directory": None if profile.server else str(profile.directory),
        "token": _token(profile) or None,
        "read_only": profile.read_only,
    }
