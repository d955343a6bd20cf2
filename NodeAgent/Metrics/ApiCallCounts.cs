using System.Collections.Concurrent;
using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>Requests to the API, and what came of them: under the names that alerts on clients use.</summary>
public sealed class ApiCallCounts(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Code, string Host, string Method), long> _counts = new();

    private readonly DurationMetric _latency = new(
        "rest_client_request_duration_seconds",
        "[ALPHA] Request latency in seconds. Broken down by verb.",
        [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
        "verb");

    /// <summary>Goes between a client and its connection.</summary>
    public DelegatingHandler Handler() => new Counting(this);

    public void Write(MetricsText text)
    {
        const string Name = "rest_client_requests_total";
        text.Family(
            Name, "counter", "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.");
        foreach (var ((code, host, method), count) in _counts
            .OrderBy(static c => c.Key.Code, StringComparer.Ordinal)
            .ThenBy(static c => c.Key.Host, StringComparer.Ordinal)
            .ThenBy(static c => c.Key.Method, StringComparer.Ordinal))
        {
            text.Sample(Name, count, null, ("code", code), ("host", host), ("method", method));
        }

        _latency.Write(text);
    }

    private long Begin() => time.GetTimestamp();

    private void Add(HttpRequestMessage request, string code, long started)
    {
        var (host, method) = (request.RequestUri?.Authority ?? "", request.Method.Method);
        _counts.AddOrUpdate((code, host, method), 1, static (_, count) => count + 1);
        _latency.Record(time.GetElapsedTime(started), method);
    }

    private sealed class Counting(ApiCallCounts counts) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (started, code) = (counts.Begin(), "<error>");
            try
            {
                var answer = await base.SendAsync(request, cancellationToken);
                code = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
                return answer;
            }
            finally
            {
                counts.Add(request, code, started);
            }
        }
    }
}
