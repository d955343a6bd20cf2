using k8s.Models;
using OrleansOrchestrator.Resources.Batch.Jobs;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.Jobs;

public sealed class JobStrategyTests
{
    private const string Generated =
        "batch.kubernetes.io/controller-uid,batch.kubernetes.io/job-name,controller-uid,job-name";

    [Theory]
    [InlineData("", "", Generated)]
    [InlineData("", "app", $"app,{Generated}")]
    [InlineData("own", "app", "own")]
    public void A_job_without_labels_has_those_of_its_pods(string own, string template, string expected)
    {
        var job = new V1Job
        {
            Metadata = new V1ObjectMeta { Name = "j", Uid = "u", Labels = Labels(own) },
            Spec = new V1JobSpec
            {
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = Labels(template) },
                    Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
                },
            },
        };
        var strategy = new JobStrategy();
        strategy.SetDefaults(job);
        strategy.PrepareForCreate(job);
        Assert.Equal(expected, string.Join(',', job.Metadata.Labels!.Keys.Order(StringComparer.Ordinal)));
    }

    private static Dictionary<string, string>? Labels(string name) =>
        name.Length == 0 ? null : new Dictionary<string, string> { [name] = "1" };
}
