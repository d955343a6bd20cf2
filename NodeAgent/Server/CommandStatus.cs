using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>How a client is told that a command has ended.</summary>
internal enum CommandStatus
{
    /// <summary>The text of a failure; nothing for success.</summary>
    Message,

    /// <summary>The runtime's Status.</summary>
    Whole,

    /// <summary>What upstream's API server makes of the runtime's Status.</summary>
    Translated,
}

/// <summary>Writes the last words of a command. What the runtime says is JSON, <c>meta/v1 Status</c>.</summary>
internal static class CommandStatuses
{
    private const string NonZeroExitCode = "NonZeroExitCode";

    private static readonly JsonSerializerOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes for the error channel; none when nothing is to be said.</summary>
    public static byte[] Write(this CommandStatus form, ReadOnlySpan<byte> runtimes)
    {
        if (form == CommandStatus.Whole)
        {
            return runtimes.ToArray();
        }

        var (failed, reason, message, exitCode) = Read(runtimes);
        if (form == CommandStatus.Message)
        {
            return failed ? Encoding.UTF8.GetBytes(message) : [];
        }

        return failed switch
        {
            false => JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { }, status = "Success" }),
            true when reason == NonZeroExitCode && exitCode is not null => ExitStatus(exitCode),
            true => Failure(message),
        };
    }

    /// <summary>The same for what failed on the way to the runtime.</summary>
    public static byte[] WriteFailure(this CommandStatus form, string text) =>
        form == CommandStatus.Message ? Encoding.UTF8.GetBytes(text) : Failure(text);

    private static byte[] Failure(string text) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            metadata = new { },
            status = "Failure",
            message = $"Internal error occurred: {text}",
            reason = "InternalError",
            details = new { causes = new[] { new { message = text } } },
            code = 500,
        },
        Options);

    private static byte[] ExitStatus(string code) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            metadata = new { },
            status = "Failure",
            message = $"command terminated with non-zero exit code: command terminated with exit code {code}",
            reason = NonZeroExitCode,
            details = new { causes = new[] { new { reason = "ExitCode", message = code } } },
        },
        Options);

    private static (bool Failed, string Reason, string Message, string? ExitCode) Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return (false, "", "", null);
        }

        try
        {
            var status = JsonSerializer.Deserialize<RuntimeStatus>(json, JsonSerializerOptions.Web)!;
            var exit = status.Details?.Causes?.FirstOrDefault(c => c.Reason == "ExitCode")?.Message;
            return (status.Status != "Success", status.Reason ?? "", status.Message ?? "",
                byte.TryParse(exit, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? exit : null);
        }
        catch (JsonException)
        {
            return (true, "", Encoding.UTF8.GetString(json), null);
        }
    }

    private sealed record RuntimeStatus(string? Status, string? Reason, string? Message, StatusDetails? Details);

    private sealed record StatusDetails(IReadOnlyList<StatusCause>? Causes);

    private sealed record StatusCause(string? Reason, string? Message);
}
