using System.Globalization;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Workloads that begin by themselves, and grow and shrink with what is asked of them.</summary>
[Collection(ClusterTests.Name)]
public sealed class WorkloadTests(RealCluster cluster)
{
    /// <summary>How much the clock has to go, at least, until the job is due: it has to be made by then.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Jobs_come_at_their_hour_and_an_application_grows_with_its_traffic()
    {
        await using var space = await Space.CreateAsync(cluster, "workloads");
        await Concurrently.RunAsync(AJobComesAtItsHourAsync(space), TrafficMakesMorePodsAsync(space));
    }

    /// <summary>Of the next minute, in a zone that is not the cluster's.</summary>
    private static async Task AJobComesAtItsHourAsync(Space space)
    {
        const string Zone = "Asia/Kathmandu";
        var due = TimeZoneInfo.ConvertTime(
            TimeProvider.System.GetUtcNow() + Ahead + TimeSpan.FromMinutes(1),
            TimeZoneInfo.CreateCustomTimeZone(Zone, TimeSpan.FromMinutes(345), Zone, Zone));
        await space.ApplyAsync($$$"""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: nightly}
            spec:
              schedule: "{{{due.Minute}}} {{{due.Hour}}} * * *"
              timeZone: {{{Zone}}}
              jobTemplate:
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers:
                      - {name: main, image: '{{{Pods.Image}}}', command: [sh, -c, 'echo good night']}
            """);
        await space.KubectlAsync(
            "wait", "--for=jsonpath={.status.lastSuccessfulTime}", "cronjob/nightly", "--timeout=600s");
        var job = Assert.Single(
            (await space.KubectlAsync("get", "jobs", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("good night\n", await space.KubectlAsync("logs", job));
        Assert.Equal(
            due.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:'00Z'", CultureInfo.InvariantCulture),
            await space.FieldAsync("cronjob/nightly", "{.status.lastScheduleTime}"));
    }

    /// <summary>Each request keeps a processor busy for a while; when nobody asks any more, the pods go.</summary>
    private static async Task TrafficMakesMorePodsAsync(Space space)
    {
        await space.ApplyAsync($$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: {{{Pods.Image}}}
                    resources: {requests: {cpu: 100m}}
                    command: ["/bin/sh", "-c"]
                    args:
                    - |
                      mkdir -p /tmp/www/cgi-bin
                      printf '#!/bin/sh\necho\nseq 200000 | tail -n 1\n' > /tmp/www/cgi-bin/work
                      chmod +x /tmp/www/cgi-bin/work
                      httpd -f -p 8080 -h /tmp/www &
                      {{{Pods.Idle}}}
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
              minReplicas: 1
              maxReplicas: 3
              behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
              metrics:
              - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50} } }
            """);
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await space.ApplyAsync(Pods.Shell("crowd", "while true; do wget -qO- http://web/cgi-bin/work; done"));
        await space.KubectlAsync(
            "wait", "--for=jsonpath={.status.readyReplicas}=3", "deployment/web", "--timeout=600s");
        Assert.Equal("True", await space.FieldAsync(
            "hpa/web", "{.status.conditions[?(@.type==\"ScalingActive\")].status}"));
        Assert.Matches(
            @"(?m)^web-\S+ +\d+m +\d+Mi *$",
            await space.KubectlAsync("top", "pod", "-l", "app=web", "--no-headers"));
        Assert.Matches(
            @"(?m)^\S+ +\d+m +\d+% +\d+Mi +\d+% *$", await space.KubectlAsync("top", "node", "--no-headers"));

        await space.KubectlAsync("delete", "pod", "crowd", "--timeout=300s");
        await space.KubectlAsync(
            "wait", "--for=jsonpath={.status.replicas}=1", "deployment/web", "--timeout=600s");
    }
}
