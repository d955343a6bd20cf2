using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Where events go, and what is said of those that do not get there.</summary>
public sealed class AuditSinkTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static readonly AuditPolicy Everything = AuditPolicyReader.Read(
        "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, omitStages: [RequestReceived]}]}"u8);

    [Fact]
    public async Task AServerGetsListsOfEventsAndIsAskedAgainWhenItFails()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        var lists = Channel.CreateUnbounded<JsonNode>();
        var isFirst = 1;
        await using var remote = await TestRemote.StartAsync(certificate, async (server, context) =>
        {
            var list = await server.ReadAsync(context);
            if (Interlocked.Exchange(ref isFirst, 0) == 1)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            lists.Writer.TryWrite(list);
        });
        await using var host = await ProtocolHost.StartAsync(configure: services => services.AddAudit(Everything)
            .AddAuditWebhook(new AuditWebhookOptions
            {
                Target = RemoteTarget.OfUrl(remote.Url("/audit"), authority.Bundle)!,
                InitialBackoff = TimeSpan.FromMilliseconds(1),
                MaxWait = TimeSpan.FromMilliseconds(1),
            }));
        using var response = await host.Http.GetAsync(Maps);

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var list = await lists.Reader.ReadAsync(patience.Token);
            Assert.Equal(("EventList", "audit.k8s.io/v1"), ((string?)list["kind"], (string?)list["apiVersion"]));
            if (list["items"]!.AsArray().Any(static e => (string?)e!["requestURI"] == Maps))
            {
                break;
            }
        }
    }

    [Fact]
    public async Task AFileHasALineForEachEvent()
    {
        var directory = Directory.CreateTempSubdirectory("orc-audit-");
        var path = Path.Combine(directory.FullName, "audit.log");
        await using (var host = await ProtocolHost.StartAsync(configure: services => services.AddAudit(Everything)
            .AddAuditFile(new AuditFileOptions { Path = path })))
        {
            using var first = await host.Http.GetAsync(Maps + "?limit=1");
            using var second = await host.Http.GetAsync(Maps + "?limit=2");
            await host.Services.GetRequiredService<IHost>().StopAsync();
        }

        var lines = (await File.ReadAllLinesAsync(path)).Select(static line => JsonNode.Parse(line)!)
            .Select(static e => (string?)e["requestURI"])
            .Where(static uri => uri!.StartsWith(Maps, StringComparison.Ordinal));
        Assert.Equal([Maps + "?limit=1", Maps + "?limit=2"], lines);
        directory.Delete(recursive: true);
    }

    [Fact]
    public void WhatFindsNoRoomIsCounted()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new AuditMetrics(services.GetRequiredService<IMeterFactory>());
        var lost = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, heard) =>
        {
            if (instrument.Name == "apiserver_audit_error_total"
                && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
            {
                heard.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            Assert.Equal("log", tags[0].Value);
            Interlocked.Add(ref lost, count);
        });
        listener.Start();
        using var file = new AuditFile(
            new AuditFileOptions { Path = "-", Buffer = 2 }, metrics, TimeProvider.System,
            NullLogger<AuditFile>.Instance);
        var record = new AuditRecord
        {
            Level = AuditLevel.Metadata, Id = "1", Uri = "/", Received = default,
            Request = RequestInfoReader.Read("GET", "/").Required,
        };
        for (var i = 0; i < 5; i++)
        {
            file.Take(record, AuditStages.ResponseComplete, "{}"u8.ToArray());
        }

        Assert.Equal(3, lost);
    }
}
