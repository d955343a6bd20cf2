using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Discovery;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Diagnostics;

/// <summary>
/// Answers <c>/flagz</c> and <c>/statusz</c>. What stands between a name and its value in their text is left to chance,
/// as upstream has it, so that nobody comes to rely on it.
/// </summary>
public sealed class DiagnosticsHandler : IEndpointHandler
{
    private const string Component = "kube-apiserver";

    private static readonly string[] Delimiters = [":", ": ", "=", " "];

    private readonly (string Name, string Value)[] _flags;
    private readonly IndexHandler _index;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly string _flagDelimiter = AnyDelimiter();

    public DiagnosticsHandler(ServerFlags flags, IndexHandler index, TimeProvider time)
    {
        _flags =
        [
            .. flags.Values.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => (f.Key, f.Value)),
        ];
        (_index, _time) = (index, time);
        using var process = Process.GetCurrentProcess();
        _started = new DateTimeOffset(process.StartTime.ToUniversalTime());
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        switch (request.Path)
        {
            case "/flagz":
                await AnswerAsync(context, "Flagz", FlagText, WriteFlags);
                return true;
            case "/statusz":
                var facts = new StatusFacts(_started, _time.GetUtcNow(), StatusFacts.PathsOf(_index.Paths));
                await AnswerAsync(context, "Statusz", () => facts.ToText(AnyDelimiter()), facts.Write);
                return true;
            default:
                return false;
        }
    }

    private static string AnyDelimiter() => Delimiters[Chance.Source.Next(Delimiters.Length)];

    private static Task AnswerAsync(HttpContext context, string kind, Func<string> text, Action<Utf8JsonWriter> write)
    {
        var form = PageForm.Negotiate(context.Request, kind);
        if (!form.Succeeded)
        {
            return StatusJson.WriteAsync(context, form.Error);
        }

        if (form.Value.Version == PageForm.Deprecated)
        {
            context.Response.Headers.Warning =
                $"299 - \"This version of the {kind.ToLowerInvariant()} endpoint is deprecated. "
                    + "Please use a newer version.\"";
        }

        return form.Value.Format is { } format
            ? ResponseBody.SendAsync(context, format, StatusCodes.Status200OK, Encode(kind, form.Value.Version, write))
            : ResponseBody.SendAsync(
                context, "text/plain; charset=utf-8", StatusCodes.Status200OK,
                Encoding.UTF8.GetBytes($"{Header(kind)}{text()}"));
    }

    private static string Header(string kind) =>
        $"\n{Component} {kind.ToLowerInvariant()}\nWarning: This endpoint is not meant to be machine parseable, "
            + "has no formatting compatibility guarantees and is for debugging purposes only.\n";

    private static ReadOnlyMemory<byte> Encode(string kind, string version, Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(output, TableRenderer.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("kind", kind);
        writer.WriteString("apiVersion", $"{PageForm.Group}/{version}");
        writer.WriteStartObject("metadata");
        writer.WriteString("name", Component);
        writer.WriteEndObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    private string FlagText() => string.Concat(_flags.Select(f => $"{f.Name}{_flagDelimiter}{f.Value}\n"));

    private void WriteFlags(Utf8JsonWriter writer)
    {
        if (_flags.Length == 0)
        {
            return;
        }

        writer.WriteStartObject("flags");
        foreach (var (name, value) in _flags)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }
}
