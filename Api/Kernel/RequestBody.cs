using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>How a body is written down.</summary>
public enum BodyFormat
{
    Json,
    Yaml,
    Protobuf,

    /// <summary>Nothing that this server reads.</summary>
    Unsupported,
}

/// <summary>Reads request bodies, within upstream's limit.</summary>
public static class RequestBody
{
    /// <summary>3 MiB, as upstream.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>The format that Content-Type names; JSON when there is none.</summary>
    public static BodyFormat FormatOf(HttpRequest request)
    {
        var type = request.ContentType;
        return string.IsNullOrEmpty(type) || type == "application/json" ? BodyFormat.Json : MediaType(type) switch
        {
            "application/json" => BodyFormat.Json,
            "application/yaml" => BodyFormat.Yaml,
            "application/vnd.kubernetes.protobuf" => BodyFormat.Protobuf,
            _ => BodyFormat.Unsupported,
        };
    }

    /// <summary>The lower-case media type of a Content-Type; empty when it cannot be read.</summary>
    public static string MediaType(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? (parsed.MediaType ?? "").ToLowerInvariant() : "";

    /// <summary>The whole body; 413 when it is too large.</summary>
    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            return TooLarge();
        }

        // A read that a token ends leaves the server's reader where it cannot go on to whatever else the client sends,
        // and the server reports that as a fault of its own.
        var reader = request.BodyReader;
        await using var cut = cancellationToken.UnsafeRegister(
            static reader => ((PipeReader)reader!).CancelPendingRead(), reader);
        while (true)
        {
            var result = await reader.ReadAsync(CancellationToken.None);
            if (result.IsCanceled)
            {
                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                cancellationToken.ThrowIfCancellationRequested();
                continue;
            }

            if (result.Buffer.Length > MaxBytes)
            {
                reader.AdvanceTo(result.Buffer.End);
                return TooLarge();
            }

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return (ReadOnlyMemory<byte>)body;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static Status TooLarge() => StatusErrors.RequestEntityTooLarge($"limit is {MaxBytes}");
}
