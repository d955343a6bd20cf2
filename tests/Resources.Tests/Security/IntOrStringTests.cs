using System.Reflection;
using System.Text;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Security;

/// <summary>
/// Every field of every kind that takes a number or a text: a number in quotes is a text, and means neither port nor
/// count.
/// </summary>
public sealed class IntOrStringTests
{
    private const string NoLetter = "must contain at least one letter (a-z)";
    private const string NoPercent = "a valid percent string must be a numeric string followed by an ending '%'";

    /// <summary>Field of the model, object with a number in quotes there, path and complaint.</summary>
    public static TheoryData<string, string, string, string> Fields => new()
    {
        {
            "V1ServicePort.TargetPort",
            """{"kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"ports":[{"port":1,"targetPort":"8080"}]}}""",
            "spec.ports[0].targetPort", NoLetter
        },
        {
            "V1ServicePort.TargetPort",
            """{"kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"ports":[{"port":1,"targetPort":"0"}]}}""",
            "spec.ports[0].targetPort", NoLetter
        },
        { "V1HTTPGetAction.Port", Pod("\"livenessProbe\":{\"httpGet\":{\"port\":\"8080\"}}"),
            "spec.containers[0].livenessProbe.httpGet.port", NoLetter },
        { "V1HTTPGetAction.Port", Pod("\"readinessProbe\":{\"httpGet\":{\"port\":\"80\"}}"),
            "spec.containers[0].readinessProbe.httpGet.port", NoLetter },
        { "V1HTTPGetAction.Port", Pod("\"startupProbe\":{\"httpGet\":{\"port\":\"80\"}}"),
            "spec.containers[0].startupProbe.httpGet.port", NoLetter },
        { "V1HTTPGetAction.Port", Pod("\"lifecycle\":{\"postStart\":{\"httpGet\":{\"port\":\"80\"}}}"),
            "spec.containers[0].lifecycle.postStart.httpGet.port", NoLetter },
        { "V1TCPSocketAction.Port", Pod("\"livenessProbe\":{\"tcpSocket\":{\"port\":\"80\"}}"),
            "spec.containers[0].livenessProbe.tcpSocket.port", NoLetter },
        { "V1TCPSocketAction.Port", Pod("\"lifecycle\":{\"preStop\":{\"tcpSocket\":{\"port\":\"80\"}}}"),
            "spec.containers[0].lifecycle.preStop.tcpSocket.port", NoLetter },
        {
            "V1NetworkPolicyPort.Port",
            """{"kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"ingress":[{"ports":[{"port":"80"}]}]}}""",
            "spec.ingress[0].ports[0].port", NoLetter
        },
        { "V1RollingUpdateDeployment.MaxSurge", Deployment(
            "maxSurge"), "spec.strategy.rollingUpdate.maxSurge", NoPercent },
        { "V1RollingUpdateDeployment.MaxUnavailable", Deployment(
            "maxUnavailable"), "spec.strategy.rollingUpdate.maxUnavailable", NoPercent },
        { "V1RollingUpdateDaemonSet.MaxSurge", DaemonSet(
            "maxSurge"), "spec.updateStrategy.rollingUpdate.maxSurge", NoPercent },
        { "V1RollingUpdateDaemonSet.MaxUnavailable", DaemonSet(
            "maxUnavailable"), "spec.updateStrategy.rollingUpdate.maxUnavailable", NoPercent },
        { "V1PodDisruptionBudgetSpec.MaxUnavailable", Budget("maxUnavailable"), "spec.maxUnavailable", NoPercent },
        { "V1PodDisruptionBudgetSpec.MinAvailable", Budget("minAvailable"), "spec.minAvailable", NoPercent },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void ANumberInQuotesIsAText(string field, string json, string path, string complaint)
    {
        Assert.NotEmpty(field);
        var kind = json[9..json.IndexOf('"', 9)];
        var definition = BuiltInResources.Table.All.Single(d => d.Kind == kind);
        var item = definition.Codec.Decode(Encoding.UTF8.GetBytes(json));
        definition.Strategy.SetDefaults(item);
        definition.Strategy.PrepareForCreate(item);
        var errors = new FieldErrors();
        definition.Strategy.Validate(item, errors);
        Assert.Contains(errors.All, e => e.Field == path && e.Message.Contains(complaint, StringComparison.Ordinal));
    }

    /// <summary>No field is missing above: a kind that brings another one has to say what it does with it.</summary>
    [Fact]
    public void TheTableHasAllFields()
    {
        HashSet<Type> seen = [];
        // What StatefulSets say of it is dropped before anybody looks.
        var found = BuiltInResources.Table.All.SelectMany(d => Find(d.Model(), seen))
            .Except(["V1RollingUpdateStatefulSetStrategy.MaxUnavailable"]).Distinct().Order();
        Assert.Equal(found, Fields.Select(f => f.Data.Item1).Distinct().Order());
    }

    private static IEnumerable<string> Find(Type type, HashSet<Type> seen)
    {
        while (type.IsGenericType)
        {
            type = type.GetGenericArguments()[^1];
        }

        return type.Namespace != typeof(V1Pod).Namespace || !seen.Add(type)
            ? []
            : type.GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(p =>
                p.PropertyType == typeof(IntOrString) ? [$"{type.Name}.{p.Name}"] : Find(p.PropertyType, seen));
    }

    private static string Pod(string container) =>
        $"{{\"kind\":\"Pod\",\"metadata\":{{\"name\":\"a\",\"namespace\":\"n\"}},\"spec\":{{\"containers\":[{{\"name\":\"c\",\"image\":\"i\",{container}}}]}}}}";

    private static string DaemonSet(string field) => Deployment(field)
        .Replace("Deployment", "DaemonSet", StringComparison.Ordinal)
        .Replace("\"strategy\"", "\"updateStrategy\"", StringComparison.Ordinal);

    private static string Budget(string field) =>
        "{\"kind\":\"PodDisruptionBudget\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},\"spec\":{" +
        $"\"{field}\":\"1\",\"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}}}}}}";

    private static string Deployment(string field) =>
        "{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," +
        $"\"strategy\":{{\"rollingUpdate\":{{\"{field}\":\"1\"}}}},\"template\":{{\"metadata\":{{\"labels\":{{\"a\":\"b\"}}}}," +
        "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
}
