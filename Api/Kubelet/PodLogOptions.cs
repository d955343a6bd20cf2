using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Reads and checks the query of <c>pods/log</c> as upstream's PodLogOptions.</summary>
public static class PodLogOptions
{
    private static readonly string[] Passed =
        ["follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream"];

    /// <summary>The query to send to the node, or the refusal of a bad one.</summary>
    public static Outcome<string> Read(string pod, IQueryCollection query)
    {
        foreach (var name in (string[])["sinceSeconds", "tailLines", "limitBytes"])
        {
            if (Text(query, name) is { } text && !IsNumber(text))
            {
                var problem = text.TrimStart('+', '-') is { Length: > 0 } digits && digits.All(char.IsAsciiDigit)
                    ? "value out of range"
                    : "invalid syntax";
                return StatusErrors.BadRequest($"strconv.ParseInt: parsing {GoText.Quote(text)}: {problem}");
            }
        }

        if (Text(query, "sinceTime") is { } moment && !IsTime(moment))
        {
            return StatusErrors.BadRequest(
                $"parsing time {GoText.Quote(moment)} as \"2006-01-02T15:04:05Z07:00\": cannot parse {GoText.Quote(moment)} as \"2006\"");
        }

        var errors = new FieldErrors();
        Check(query, errors);
        return errors.Count > 0
            ? errors.ToStatus("", "PodLogOptions", pod)
            : string.Join(
                '&', Passed.Where(query.ContainsKey).Select(n => $"{n}={Uri.EscapeDataString(query[n].ToString())}"));
    }

    private static void Check(IQueryCollection query, FieldErrors errors)
    {
        if (Number(query, "tailLines") is < 0 and var lines)
        {
            errors.Invalid(FieldPath.Of("tailLines"), lines, "must be greater than or equal to 0");
        }

        if (Number(query, "limitBytes") is < 1 and var bytes)
        {
            errors.Invalid(FieldPath.Of("limitBytes"), bytes, "must be greater than 0");
        }

        if (Text(query, "sinceSeconds") is not null && Text(query, "sinceTime") is not null)
        {
            errors.Add(
                "FieldValueForbidden",
                FieldPath.Of("[]"),
                "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        else if (Number(query, "sinceSeconds") is < 1 and var seconds)
        {
            errors.Invalid(FieldPath.Of("sinceSeconds"), seconds, "must be greater than 0");
        }

        // Upstream's feature gate PodLogsQuerySplitStreams is off by default.
        if (Text(query, "stream") is not null)
        {
            errors.Forbidden(FieldPath.Of("stream"), "may not be specified");
        }
    }

    private static string? Text(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } text ? text : null;

    private static bool IsNumber(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static long? Number(IQueryCollection query, string name) =>
        Text(query, name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    private static bool IsTime(string text) =>
        DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out _) && text.Length > 4 && char.IsAsciiDigit(text[0]);
}
