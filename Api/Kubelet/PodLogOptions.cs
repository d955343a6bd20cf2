using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Reads and checks the query of <c>pods/log</c> as upstream's PodLogOptions.</summary>
public static class PodLogOptions
{
    /// <summary>The query to send to the node, or the refusal of a bad one.</summary>
    public static Outcome<string> Read(string pod, IQueryCollection query)
    {
        var reader = new QueryReader(query);
        var passed = new QueryString();
        foreach (var flag in (string[])["follow", "previous", "timestamps"])
        {
            passed = reader.Flag(flag) ? passed.Add(flag, "true") : passed;
        }

        var (seconds, time) = (reader.Number("sinceSeconds"), reader.Time("sinceTime"));
        var (lines, bytes) = (reader.Number("tailLines"), reader.Number("limitBytes"));
        if (reader.Refusal is { } refusal)
        {
            return refusal;
        }

        var errors = Check(seconds, time, lines, bytes);

        // Upstream's feature gate PodLogsQuerySplitStreams is off by default.
        if (reader.OptionalText("stream") is not null)
        {
            errors.Forbidden(FieldPath.Of("stream"), "may not be specified");
        }

        passed = Add(Add(Add(passed, "sinceSeconds", seconds), "tailLines", lines), "limitBytes", bytes);
        passed = Add(passed, "sinceTime", time?.ToApiText());
        return errors.Count > 0 ? errors.ToStatus("", "PodLogOptions", pod) : passed.ToString();
    }

    /// <summary>
    /// Whether the client takes the log from whoever answers at the node's address; it is not in danger, the log may
    /// be.
    /// </summary>
    public static bool SkipsVerification(IQueryCollection query) =>
        new QueryReader(query).Flag("insecureSkipTLSVerifyBackend");

    private static FieldErrors Check(long? seconds, DateTime? time, long? lines, long? bytes)
    {
        var errors = new FieldErrors();
        if (lines is < 0)
        {
            errors.Invalid(FieldPath.Of("tailLines"), lines, "must be greater than or equal to 0");
        }

        if (bytes is < 1)
        {
            errors.Invalid(FieldPath.Of("limitBytes"), bytes, "must be greater than 0");
        }

        if (seconds is not null && time is not null)
        {
            errors.Add(
                "FieldValueForbidden",
                FieldPath.Of("[]"),
                "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        else if (seconds is < 1)
        {
            errors.Invalid(FieldPath.Of("sinceSeconds"), seconds, "must be greater than 0");
        }

        return errors;
    }

    private static QueryString Add<T>(QueryString query, string name, T? value) =>
        value is null ? query : query.Add(name, Convert.ToString(value, CultureInfo.InvariantCulture)!);
}
