using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>NetworkPolicies as their users see them.</summary>
[Collection(ClusterTests.Name)]
public sealed class NetworkPolicyTests(RealCluster cluster)
{
    private const string Site = """
        mkdir /tmp/www; echo home > /tmp/www/index.html
        trap 'kill $!; exit 0' TERM
        httpd -f -p 8080 -h /tmp/www &
        wait
        """;

    private const string Policies = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: nobody}
        spec: {podSelector: {}, policyTypes: [Ingress]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: friends}
        spec:
          podSelector: {matchLabels: {app: site}}
          ingress:
          - from: [{podSelector: {matchLabels: {app: friend}}}]
            ports: [{port: web}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: silent}
        spec: {podSelector: {matchLabels: {app: late}}, policyTypes: [Egress]}
        """;

    [Fact]
    public async Task Pods_are_reached_by_those_that_policies_name_and_a_new_pod_is_isolated_from_its_first_breath()
    {
        await using var space = await Space.CreateAsync(cluster, "isolated");
        await space.ApplyAsync(Pods.Together(
            Pods.Shell("site", Site, more: """
                ports: [{containerPort: 8080, name: web}]
                readinessProbe: {httpGet: {port: web}, periodSeconds: 1}
                """),
            Pods.Shell("friend", Pods.Idle),
            Pods.Shell("stranger", Pods.Idle)));
        await space.KubectlAsync("expose", "pod", "site", "--port=80", "--target-port=8080");
        foreach (var pod in (string[])["site", "friend", "stranger"])
        {
            await space.WaitAsync($"pod/{pod}", "Ready");
        }

        var site = $"http://{await space.FieldAsync("pod/site", "{.status.podIP}")}:8080";
        await space.ShellUntilAsync("friend", "timeout 5 wget -qO- http://site");
        Assert.Equal("home\n", await space.ShellAsync("stranger", $"wget -qO- {site}"));

        await space.ApplyAsync(Policies);
        await space.ShellUntilAsync("stranger", $"! timeout 2 wget -qO- {site}");
        await space.ShellUntilAsync("stranger", "! timeout 2 wget -qO- http://site");
        await space.ShellUntilAsync("friend", $"timeout 5 wget -qO- {site}");
        await space.ShellUntilAsync("friend", "timeout 5 wget -qO- http://site");
        Assert.Matches(
            @"To Port: web/TCP\s+From:\s+PodSelector: app=friend",
            await space.KubectlAsync("describe", "netpol", "friends"));

        // A pod that may send nothing, and begins with sending; its node still probes what may not be reached.
        await space.ApplyAsync(Pods.Shell(
            "late",
            $"exec 2>/dev/null; if timeout 5 wget -qO- {site}; then echo reached; else echo isolated; fi",
            restart: "Never"));
        await space.WaitAsync("pod/late", "{.status.phase}=Succeeded");
        Assert.Equal("isolated\n", await space.KubectlAsync("logs", "late"));
        Assert.Equal("true", await space.FieldAsync("pod/site", "{.status.containerStatuses[0].ready}"));

        await space.KubectlAsync("label", "pod", "stranger", "app=friend", "--overwrite");
        await space.ShellUntilAsync("stranger", $"timeout 5 wget -qO- {site}");
        await space.KubectlAsync("label", "pod", "friend", "app=foe", "--overwrite");
        await space.ShellUntilAsync("friend", $"! timeout 2 wget -qO- {site}");
        await space.KubectlAsync("delete", "netpol", "--all");
        await space.ShellUntilAsync("friend", $"timeout 5 wget -qO- {site}");
    }
}
