using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>What a server's answer with a code that is not good means.</summary>
internal static class RemoteRefusal
{
    /// <summary>A Status as it was answered, or what upstream's client makes of a bare code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="body">The answer.</param>
    /// <param name="asked">What was asked, behind the words for a bare code; empty for nothing.</param>
    public static Status Of(int code, ReadOnlySpan<byte> body, string asked = "")
    {
        try
        {
            if (JsonTree.Parse(body) is JsonObject item && JsonTree.Text(item["kind"]) == "Status"
                && JsonTree.Text(item["message"]) is { Length: > 0 } message)
            {
                return new Status { Code = code, Reason = JsonTree.Text(item["reason"]) ?? "", Message = message };
            }
        }
        catch (JsonException)
        {
            // A bare text, then.
        }

        var text = GoText.Quote(Encoding.UTF8.GetString(body).Trim());
        return new Status { Code = code, Reason = "", Message = Meaning(code, text) + asked };
    }

    private static string Meaning(int code, string text) => code switch
    {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 => text.Length > 2 ? text[1..^1] : "unknown",
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 => "the server was unable to respond with a content type that the client supports",
        409 => "the server reported a conflict",
        415 => "the server was unable to respond with a content type that the client supports",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => "the server was unable to return a response in the time allotted, but may still be processing the "
            + "request",
        >= 500 => $"an error on the server ({text}) has prevented the request from succeeding",
        _ => string.Create(
            CultureInfo.InvariantCulture,
            $"the server responded with the status code {code} but did not return more information"),
    };
}
