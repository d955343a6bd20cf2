using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Reviews;

/// <summary>What a review asks for is asked for.</summary>
public sealed class AskedAttributesTests
{
    [Theory]
    [InlineData("In", "n")]
    [InlineData("NotIn", "n")]
    [InlineData("In", "")]
    [InlineData("In", "n,spec.other=m")]
    [InlineData("NotIn", @"n\,m\")]
    public void ValuesOfFieldsAreTakenAsTheyAre(string comparison, string value)
    {
        var requirement = new V1FieldSelectorRequirement
        {
            Key = "spec.nodeName", OperatorProperty = comparison, Values = [value],
        };
        var asked = AskedAttributes.Of(
            new UserIdentity { Name = "x" },
            new V1ResourceAttributes { FieldSelector = new V1FieldSelectorAttributes { Requirements = [requirement] } },
            path: null);
        Assert.Equal(
            [new FieldRequirement("spec.nodeName", value, comparison == "NotIn")],
            FieldSelector.ReadTerms(asked.FieldSelector));
    }

    [Theory]
    [InlineData("spec.nodeName!")]
    [InlineData("a=b,spec.nodeName")]
    [InlineData(@"spec.nodeName\")]
    public void KeysThatWouldBeReadAsMoreCountForNothing(string key)
    {
        var resource = new V1ResourceAttributes
        {
            FieldSelector = new V1FieldSelectorAttributes
            {
                Requirements = [new V1FieldSelectorRequirement { Key = key, OperatorProperty = "In", Values = ["n"] }],
            },
        };
        Assert.Empty(AskedAttributes.Of(new UserIdentity { Name = "x" }, resource, path: null).FieldSelector);
        Assert.Equal(
            ["spec.resourceAttributes.fieldSelector ignored due to parse error"], AskedAttributes.Ignored(resource));
    }
}
