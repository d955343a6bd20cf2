using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.FlowControl;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.FlowControl;

public sealed class FlowSchemaPlannerTests
{
    private enum Deed
    {
        LevelComes,
        LevelGoes,
        OtherLevel,
        StatusForged,
        MessageForged,
        ConditionRemoved,
    }

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Levels come and go, schemas turn to others, and people write what they like: after each look a schema says
    /// whether its level is there, since when it does, and nothing of others is lost; a second look changes nothing.
    /// </summary>
    [Fact]
    public void A_schema_says_whether_its_level_is_there() => Gen.Enum<Deed>().Array[1, 20].Check(deeds =>
    {
        var schema = new V1FlowSchema
        {
            Metadata = new V1ObjectMeta { Name = "s" },
            Spec = new V1FlowSchemaSpec { PriorityLevelConfiguration = new() { Name = "a" } },
            Status = new V1FlowSchemaStatus { Conditions = [new() { Type = "Mine", Status = "True" }] },
        };
        HashSet<string> levels = [];
        var now = Start;
        foreach (var deed in deeds)
        {
            now = now.AddMinutes(1);
            Do(deed, schema, levels);
            var isThere = levels.Contains(schema.Spec.PriorityLevelConfiguration.Name);
            var before = Dangling(schema);
            var written = FlowSchemaPlanner.Compute(schema, isThere, now);
            Put(schema, written);
            var said = Dangling(schema)!;
            Assert.Equal((isThere ? "False" : "True", isThere ? "Found" : "NotFound"), (said.Status, said.Reason));
            Assert.Equal(
                $"This FlowSchema references the PriorityLevelConfiguration object named "
                    + $"\"{schema.Spec.PriorityLevelConfiguration.Name}\" "
                    + (isThere ? "and it exists" : "but there is no such object"),
                said.Message);
            Assert.Equal(written is null ? before!.LastTransitionTime : now.UtcDateTime, said.LastTransitionTime);
            Assert.Null(FlowSchemaPlanner.Compute(schema, isThere, now.AddMinutes(1)));
            Assert.Equal(["Dangling", "Mine"], schema.Status.Conditions.Select(c => c.Type).Order());
        }
    }, cases: 300);

    private static void Do(Deed deed, V1FlowSchema schema, HashSet<string> levels)
    {
        var level = schema.Spec.PriorityLevelConfiguration;
        switch (deed)
        {
            case Deed.LevelComes:
                levels.Add(level.Name);
                break;
            case Deed.LevelGoes:
                levels.Remove(level.Name);
                break;
            case Deed.OtherLevel:
                level.Name = level.Name == "a" ? "b" : "a";
                break;
            case Deed.StatusForged when Dangling(schema) is { } condition:
                condition.Status = condition.Status == "True" ? "False" : "True";
                break;
            case Deed.MessageForged when Dangling(schema) is { } condition:
                condition.Message = "all is well";
                break;
            case Deed.ConditionRemoved:
                schema.Status.Conditions = [.. schema.Status.Conditions.Where(c => c.Type == "Mine")];
                break;
        }
    }

    private static V1FlowSchemaCondition? Dangling(V1FlowSchema schema) =>
        schema.Status.Conditions.SingleOrDefault(c => c.Type == FlowSchemaPlanner.Dangling);

    /// <summary>As an apply does it.</summary>
    private static void Put(V1FlowSchema schema, V1FlowSchemaCondition? written)
    {
        if (written is not null)
        {
            schema.Status.Conditions = [.. schema.Status.Conditions.Where(c => c.Type != written.Type), written];
        }
    }
}
