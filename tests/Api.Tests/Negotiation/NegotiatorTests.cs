using CsCheck;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

public sealed class NegotiatorTests
{
    [Theory]
    [InlineData("")]
    [InlineData("*/*")]
    [InlineData("application/json")]
    [InlineData("application/json;stream=watch")]
    [InlineData("application/json;q=0")]
    [InlineData("text/html;q=0.9, application/json;q=0.1")]
    [InlineData("application/x-foo, application/json")]
    [InlineData("application/json;as=Table;v=v9;g=meta.k8s.io,application/json")]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json")]
    [InlineData("application/yaml;stream=watch, application/json")]
    [InlineData("application/json;as=Table=Table;v=;g=")]
    public void AnswersPlainJson(string accept)
    {
        var outcome = Negotiator.Negotiate(accept, EndpointKind.Object);
        Assert.True(outcome.Succeeded);
        Assert.Equal((ObjectForm.Full, false), (outcome.Value.Form, outcome.Value.IsRewritten));
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/*")]
    [InlineData(";;;")]
    public void RouterRefusesWhatItHasNot(string accept)
    {
        var error = Negotiator.Negotiate(accept, EndpointKind.Object).Error!;
        Assert.Equal(406, error.Code);
        Assert.Equal(
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            error.Message);
        Assert.NotNull(error.Details);
    }

    [Theory]
    [InlineData(
        "application/json;as=Foo;v=v1;g=meta.k8s.io",
        "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData(
        "application/json;as=Table;v=v1;g=foo",
        "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData(
        "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
        "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData(
        "application/json;v=v1;g=meta.k8s.io",
        "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData("application/json;v=v1", "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    public void SerializersRefuseWhatTheyCannot(string accept, string offered)
    {
        var error = Negotiator.Negotiate(accept, EndpointKind.Object).Error!;
        Assert.Equal($"only the following media types are accepted: {offered}", error.Message);
        Assert.Null(error.Details);
    }

    /// <summary>Wildcards go behind what comes after them, whatever its quality; a quality that is none is 0.</summary>
    [Theory]
    [InlineData("*/*;q=0.9, application/yaml;q=0.1", Wire.Yaml)]
    [InlineData("application/yaml;q=0.1, */*;q=0.9", Wire.Json)]
    [InlineData("application/json;q=abc, application/yaml;q=0.1", Wire.Yaml)]
    [InlineData("application/json;q= 0.9, application/yaml;q=0.1", Wire.Yaml)]
    [InlineData("application/json;q=, application/yaml;q=0.9", Wire.Json)]
    [InlineData("application/yaml, application/json", Wire.Yaml)]
    public void TheBestClauseIsMetFirst(string accept, Wire wire) =>
        Assert.Equal(wire, Negotiator.Negotiate(accept, EndpointKind.Object).Required.Wire);

    [Fact]
    public void OfSeveralHeadersTheFirstCounts()
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Accept = new(["application/yaml", "application/json"]);
        Assert.Equal(Wire.Yaml, Negotiator.Negotiate(request, EndpointKind.Object).Required.Wire);
        request.Headers.Accept = new(["text/html", "application/json"]);
        Assert.Equal(406, Negotiator.Negotiate(request, EndpointKind.Object).Error!.Code);
    }

    [Theory]
    [InlineData("application/vnd.kubernetes.protobuf", ObjectForm.Full)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", ObjectForm.Full)]
    [InlineData("application/vnd.kubernetes.protobuf;stream=watch", ObjectForm.Full)]
    [InlineData(
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        ObjectForm.PartialObjectMetadata)]
    public void ProtobufIsForProgramsThatAskForIt(string accept, ObjectForm form)
    {
        var format = Negotiator.Negotiate(accept, EndpointKind.Object).Required;
        Assert.Equal((Wire.Protobuf, form), (format.Wire, format.Form));
        Assert.Equal("application/vnd.kubernetes.protobuf", format.ContentType);
    }

    [Fact]
    public void WhatHasNoMessageGivesItsMetadataInProtobufAndNothingElse()
    {
        const string Partial = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
        const string Full = "application/vnd.kubernetes.protobuf";
        var format = Negotiator.Negotiate(Partial, EndpointKind.Object, hasMessage: false).Required;
        Assert.Equal(Wire.Protobuf, format.Wire);
        Assert.Equal(406, Negotiator.Negotiate(Full, EndpointKind.Object, hasMessage: false).Error!.Code);
        var fallback = Negotiator.Negotiate($"{Full},application/json", EndpointKind.Object, hasMessage: false);
        Assert.Equal(ResponseFormat.PlainJson, fallback.Required);
    }

    [Fact]
    public void KubectlGetsTables()
    {
        const string Kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        var format = Negotiator.Negotiate(Kubectl, EndpointKind.Collection).Required;
        Assert.Equal(ObjectForm.Table, format.Form);
        Assert.Equal("v1", format.MetaVersion);
    }

    /// <summary>What is kept nowhere has no rows; its metadata and the object itself can be had.</summary>
    [Theory]
    [InlineData("v1")]
    [InlineData("v1beta1")]
    public void NoTableIsMadeOfAnAnswer(string version)
    {
        var table = $"application/json;as=Table;v={version};g=meta.k8s.io";
        Assert.Equal(
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            Negotiator.Negotiate(table, EndpointKind.Answer).Error!.Message);
        Assert.Equal(
            ObjectForm.Full, Negotiator.Negotiate($"{table},application/json", EndpointKind.Answer).Required.Form);
        var metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
        Assert.Equal(
            ObjectForm.PartialObjectMetadata, Negotiator.Negotiate(metadata, EndpointKind.Answer).Required.Form);
    }

    [Fact]
    public void AggregatedDiscoveryIsForDiscoveryRootsOnly()
    {
        const string Accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        Assert.Equal(
            ObjectForm.AggregatedDiscovery,
            Negotiator.Negotiate(Accept, EndpointKind.AggregatedDiscovery).Required.Form);
        Assert.Equal(ObjectForm.Full, Negotiator.Negotiate(Accept, EndpointKind.Discovery).Required.Form);
        Assert.Equal(
            ObjectForm.AggregatedDiscovery,
            Negotiator.Negotiate($"application/json,{Accept};q=0.1", EndpointKind.AggregatedDiscovery).Required.Form);
        const string Stream = "application/json;stream=watch";
        Assert.Equal(406, Negotiator.Negotiate(Stream, EndpointKind.Discovery).Error!.Code);
        Assert.Equal(406, Negotiator.Negotiate(Stream, EndpointKind.AggregatedDiscovery).Error!.Code);
        Assert.Equal(ObjectForm.Full, Negotiator.Negotiate(Accept, EndpointKind.Object).Required.Form);
    }

    /// <summary>Whatever a client sends, there is an answer or a 406, never an exception.</summary>
    [Fact]
    public void AnyHeaderHasAnAnswer()
    {
        var piece = Gen.OneOf(
            Pick.From(
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
                "*/*",
                "as=Table",
                "g=meta.k8s.io",
                "v=v1",
                "q=0.5",
                "q=x",
                ";",
                ",",
                "/",
                "="),
            Gen.String[Gen.Char[' ', '~'], 0, 6]);
        piece.Array[0, 12].Select(parts => string.Concat(parts)).Check(accept =>
        {
            var outcome = Negotiator.Negotiate(accept, EndpointKind.Collection);
            return outcome.Succeeded || outcome.Error.Code == 406;
        });
    }
}
