using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options for proxies, and for the certificate that this server shows as one, under upstream's names.
/// </summary>
internal sealed class FrontProxyOptions
{
    private readonly FileOption _authority = CommonOptions.MaybeFile(
        "--requestheader-client-ca-file",
        "The authorities of proxies in front of this server, which say in headers for whom a request is. It is read "
            + "again when it changes.");
    private readonly Option<string[]> _names = CommonOptions.List(
        "--requestheader-allowed-names",
        "Common names of proxies' certificates. Default: all that those authorities signed.");
    private readonly Option<string[]> _username = CommonOptions.List(
        "--requestheader-username-headers", "Headers that say the user's name: X-Remote-User is common.");
    private readonly Option<string[]> _uid = CommonOptions.List(
        "--requestheader-uid-headers", "Headers that say the user's uid: X-Remote-Uid is common.");
    private readonly Option<string[]> _groups = CommonOptions.List(
        "--requestheader-group-headers", "Headers that say the user's groups: X-Remote-Group is common.");
    private readonly Option<string[]> _extra = CommonOptions.List(
        "--requestheader-extra-headers-prefix",
        "What headers begin with that say what else is known of the user: X-Remote-Extra- is common.");
    private readonly FileOption _certificate = CommonOptions.MaybeFile(
        "--proxy-client-cert-file",
        "The certificate that this server shows to servers of aggregated APIs. Default: one that it makes. It is read "
            + "again when it changes.");
    private readonly FileOption _key = CommonOptions.MaybeFile(
        "--proxy-client-key-file", "The key of that certificate.");

    public IEnumerable<Option> All => [_authority, _names, _username, _uid, _groups, _extra, _certificate, _key];

    public FrontProxySettings Read(ParseResult parsed) => new()
    {
        AuthorityFile = parsed.GetValue(_authority),
        AllowedNames = CommonOptions.ListOf(parsed, _names),
        UsernameHeaders = CommonOptions.ListOf(parsed, _username),
        UidHeaders = CommonOptions.ListOf(parsed, _uid),
        GroupHeaders = CommonOptions.ListOf(parsed, _groups),
        ExtraHeaderPrefixes = CommonOptions.ListOf(parsed, _extra),
        ClientCertificateFile = parsed.GetValue(_certificate),
        ClientKeyFile = parsed.GetValue(_key),
    };
}
