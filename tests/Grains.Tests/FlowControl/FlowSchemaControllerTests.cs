using k8s.Models;
using OrleansOrchestrator.Grains.FlowControl;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.FlowControl;

public sealed class FlowSchemaControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_schema_dangles_while_its_level_is_missing()
    {
        _world.Api.Seed(new V1FlowSchema
        {
            Metadata = new V1ObjectMeta { Name = "mine" },
            Spec = new V1FlowSchemaSpec
            {
                PriorityLevelConfiguration = new V1PriorityLevelConfigurationReference { Name = "level" },
            },
        });
        await StepAsync();
        Assert.Equal(("True", "NotFound", "but there is no such object"), Condition());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Seed(
            new V1PriorityLevelConfiguration { Metadata = new V1ObjectMeta { Name = "level" } });
        await StepAsync();
        Assert.Equal(("False", "Found", "and it exists"), Condition());

        _world.Api.Delete<V1PriorityLevelConfiguration>("", "level");
        await StepAsync();
        Assert.Equal(("True", "NotFound", "but there is no such object"), Condition());
    }

    private Task StepAsync() => new FlowSchemaController(_world.Services).ResyncAsync(default);

    private (string, string, string) Condition()
    {
        const string beginning = "This FlowSchema references the PriorityLevelConfiguration object named \"level\" ";
        var condition = Assert.Single(_world.Api.Find<V1FlowSchema>("", "mine")!.Status.Conditions);
        Assert.StartsWith(beginning, condition.Message, StringComparison.Ordinal);
        return (condition.Status, condition.Reason, condition.Message[beginning.Length..]);
    }
}
