using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>Upstream's service level of a request leaves out what it waited for webhooks.</summary>
public sealed class WebhookWaitsTests
{
    private const string Create = "verb=\"POST\",group=\"\",version=\"v1\",resource=\"configmaps\"";

    private const string Level = "apiserver_request_sli_duration_seconds_sum";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task WhatWebhooksTookIsNotTheServersTime()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/m", static _ => new JsonObject { ["allowed"] = true });
        host.Respond("/v", static _ => new JsonObject { ["allowed"] = true });
        await host.ConfigureAsync("Mutating", "m", host.Hook("m.example.com", "/m"));
        await host.ConfigureAsync("Validating", "v", host.Hook("v.example.com", "/v"));
        Assert.Equal(201, (await host.CreateAsync("a")).Code);

        // What is counted of a request may be there a little after its answer.
        var metrics = await Patiently.FoundAsync(Patience, async bound =>
        {
            var text = await host.Api.Http.GetStringAsync("/metrics", bound);
            return text.Contains($"{Level}{{{Create}", StringComparison.Ordinal) ? text : null;
        });

        var waited = SumOf(metrics, "apiserver_admission_webhook_admission_duration_seconds_sum", "");
        Assert.True(waited > 0);
        Assert.Equal(
            waited,
            SumOf(metrics, "apiserver_request_duration_seconds_sum", Create)
                - SumOf(metrics, Level, Create),
            tolerance: 1e-5);
    }

    private static double SumOf(string metrics, string name, string labels) => metrics.Split('\n')
        .Where(l => l.StartsWith($"{name}{{{labels}", StringComparison.Ordinal))
        .Sum(static l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
