using System.Globalization;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>Resource versions in requests, and the refusals that concern them, in upstream's words.</summary>
public static class ResourceVersions
{
    /// <summary>
    /// Parses a version; empty is 0. The refusal's text depends on the verb: see <see cref="Malformed"/>.
    /// </summary>
    public static bool TryParse(string text, out long revision)
    {
        if (text.Length == 0)
        {
            revision = 0;
            return true;
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            revision = value > long.MaxValue ? long.MaxValue : (long)value;
            return true;
        }

        revision = 0;
        return false;
    }

    /// <summary>What a get or watch answers to an unreadable version: upstream's 500, which clients know.</summary>
    public static Status Malformed(string text) => new()
    {
        Code = 500, Reason = StatusReasons.Unknown, Message = Complaint(text),
    };

    /// <summary>What a list answers to an unreadable version.</summary>
    public static Status MalformedInList(string text) =>
        StatusErrors.BadRequest($"invalid resource version: {Complaint(text)}");

    /// <summary>The client knows a version that this server has not reached in time.</summary>
    public static Status TooLarge(long requested, long current) => new()
    {
        Code = 504,
        Reason = StatusReasons.Timeout,
        Message = string.Create(
            CultureInfo.InvariantCulture, $"Timeout: Too large resource version: {requested}, current: {current}"),
        Details = new StatusDetails
        {
            Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version", null)],
            RetryAfterSeconds = 1,
        },
    };

    /// <summary>A list at one exact version that the change log no longer reaches.</summary>
    public static Status ListTooOld => StatusErrors.Expired("The resourceVersion for the provided list is too old.");

    private static string Complaint(string text)
    {
        var why = text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            ? "value out of range"
            : "invalid syntax";
        return $"resourceVersion: Invalid value: {GoText.Quote(text)}: strconv.ParseUint: parsing {GoText.Quote(text)}: {why}";
    }
}
