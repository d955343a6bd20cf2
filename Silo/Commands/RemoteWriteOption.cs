using System.CommandLine;
using OrleansOrchestrator.Api.RemoteWrite;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of pushing samples.</summary>
internal sealed class RemoteWriteOption
{
    private readonly SecretOption _target = CommonOptions.MaybeSecret(
        "--remote-write-url",
        "Where what containers, pods and nodes use is pushed by Prometheus' remote write, such as "
            + "http://prometheus:9090/api/v1/write.");
    private readonly FileOption _token = CommonOptions.MaybeFile(
        "--remote-write-token-file", "A file with the bearer token for it.");

    public IEnumerable<Option> All => [_target, _token];

    /// <summary>Null when nothing is pushed.</summary>
    public RemoteWriteOptions? Of(ParseResult parsed) => parsed.GetValue(_target) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var target) && target.Scheme is "http" or "https"
            ? new RemoteWriteOptions { Target = target!, TokenFile = parsed.GetValue(_token) }
            : throw new UserErrorException($"--remote-write-url: '{text}' is no URL of http or https.");
}
