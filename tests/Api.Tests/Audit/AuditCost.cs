using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>
/// What auditing adds to a write: two events at the level of metadata, written to a file. Explicit: run it in Release
/// with <c>-explicit only -class *AuditCost</c>.
/// </summary>
public sealed class AuditCost(ITestOutputHelper output)
{
    private const int Rounds = 200_000;

    [Fact(Explicit = true)]
    public async Task Two_events_of_a_write()
    {
        var directory = Directory.CreateTempSubdirectory("orc-audit-");
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new AuditMetrics(services.GetRequiredService<IMeterFactory>());
        using var file = new AuditFile(
            new AuditFileOptions { Path = Path.Combine(directory.FullName, "audit.log") },
            metrics, TimeProvider.System, NullLogger<AuditFile>.Instance);
        var policy = AuditPolicyReader.Read(
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}"u8);
        var log = new AuditLog(policy, [file], metrics, TimeProvider.System);
        await file.StartAsync(default);
        await RunAsync(log, Rounds / 10);
        var (before, allocated) = (Process.GetCurrentProcess().TotalProcessorTime, GC.GetTotalAllocatedBytes());
        await RunAsync(log, Rounds);
        await file.StopAsync(default);
        var took = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / Rounds;
        var bytes = (GC.GetTotalAllocatedBytes() - allocated) / Rounds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{took:F2} µs and {bytes} bytes a request, the writing of the file included"));
        directory.Delete(recursive: true);
    }

    private static async Task RunAsync(AuditLog log, int rounds)
    {
        var user = new UserIdentity
        {
            Name = "system:serviceaccount:shop:deployer", Uid = "7d5cbb2c-0e5f-4c8f-9a3e-6c1b1c2b8e11",
            Groups = ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        };
        var request = RequestInfoReader.Read("POST", "/api/v1/namespaces/shop/configmaps").Required;
        for (var i = 0; i < rounds; i++)
        {
            var context = new DefaultHttpContext();
            context.Features.Get<IHttpRequestFeature>()!.RawTarget =
                "/api/v1/namespaces/shop/configmaps?fieldManager=kubectl";
            context.Request.Headers.UserAgent = "kubectl/v1.36.0 (linux/amd64) kubernetes/0000000";
            context.Response.Headers["Audit-Id"] = "7d5cbb2c-0e5f-4c8f-9a3e-6c1b1c2b8e11";
            context.Connection.RemoteIpAddress = IPAddress.Loopback;
            await AuditLog.WatchAsync(context, async answering =>
            {
                await log.BeginAsync(answering, request, user, isLong: false);
                var audit = AuditRecord.Of(answering)!;
                audit.Annotate("authorization.k8s.io/decision", "allow");
                audit.Annotate("authorization.k8s.io/reason", "");
                audit.Status = new AuditStatus(201);
            });
        }
    }
}
