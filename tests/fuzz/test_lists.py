"""Any bytes in the place of list files, CSV files and names end in a listing or in one line."""

import json

import hypothesis
import pytest
from hypothesis import strategies as st

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.choice import list_source
from brave_tf.preparation.plan import make_plan
from brave_tf.preparation.splits import assign_splits, parse_shares
from tests.fuzz.damage import edited, edits
from tests.preparation.layouts.files import touch, ucf101_lists, write_files

CSV = "path,start,end,split,label\na.mp4,0,2.5,train,cat\nb/c.mp4,,,test,dog\n"
LISTS = {
    "csv": {"list.csv": CSV},
    "ucf101": ucf101_lists(),
    "hmdb51": {f"wave_test_split{split}.txt": "a.avi 1 \nb c.avi 2 \nrest.avi 0 \n" for split in (1, 2, 3)},
    "kinetics": {
        "train.csv": "label,youtube_id,time_start,time_end,split\nwaving hand,--0PQM4-hqg,30,40,train\n",
        "val.csv": "label,youtube_id,time_start,time_end,split\nwaving hand,---g-f_I2yQ,1,11,validate\n",
        "label_map_k400.txt": "waving hand\nzebra\n",
    },
    "audioset": {
        "class_labels_indices.csv": 'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/05zppz,"Male speech, man"\n',
        "eval_segments.csv": '# comment\n--4gqARaEJE, 0.000, 10.000, "/m/09x0r,/m/05zppz"\n',
    },
    "esc50": {
        "esc50.csv": "filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n"
        "1-100038-A-14.wav,2,14,bird,False,100038,A\n"
    },
    "ssv2": {
        "labels.json": json.dumps({"Turning": "0", "Holding something": "1"}),
        "train.json": json.dumps([{"id": "7", "label": "x", "template": "Holding [something]"}]),
    },
    "diving48": {
        "Diving48_vocab.json": json.dumps([["Back", "15som", "05Twis", "FREE"], ["Inward", "35som", "NoTwis", "TUCK"]]),
        "Diving48_V2_train.json": json.dumps([{"vid_name": "a_00001", "label": 1, "start_frame": 0, "end_frame": 9}]),
    },
    "vggsound": {
        "vggsound.csv": '--0PQM4-hqg,30,waterfall,train\n---g-f_I2yQ,1,"speech, woman",test\n',
        "stat.csv": 'waterfall,1,nature\n"speech, woman",9,people\n',
    },
}
MEDIA = {
    "csv": ["a.mp4", "b/c.mp4"],
    "ucf101": ["Archery/v_Archery_g01_c01.avi", "YoYo/v_YoYo_g02_c01.avi"],
    "hmdb51": ["wave/a.avi", "wave/b c.avi"],
    "kinetics": ["waving hand/--0PQM4-hqg_000030_000040.mp4", "---g-f_I2yQ_000001_000011.mp4"],
    "audioset": ["Y--4gqARaEJE_0.000_10.000.wav"],
    "esc50": ["audio/1-100032-A-0.wav", "audio/1-100038-A-14.wav"],
    "ssv2": ["7.webm"],
    "diving48": ["a_00001.mp4"],
    "vggsound": ["--0PQM4-hqg_000030.mp4", "---g-f_I2yQ.mp4"],
}
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [
            *(b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"#", b" ", b"\t", b"\\", b"/", b".."),
            *(
                b"[",
                b"]",
                b"{",
                b"}",
                b"null",
                b"true",
                b"1e999",
                b"NaN",
                b"-1",
                b"9" * 5000,
                b'"\\ud800"',
                b"[" * 5000,
            ),
            *(
                "\u0661".encode(),
                "\u2028".encode(),
                b"\x1b[2J",
                b"path",
                b"start",
                b"label",
                b"split",
                b"train",
            ),
            *(b",inf,", b",1_0,", b",0x10,", b"a" * 500),
        ]
    ),
)


@pytest.fixture(scope="module", params=sorted(LISTS))
def layout(request, tmp_path_factory):
    """A layout, a folder with its media, and what its list files hold."""
    folder = tmp_path_factory.mktemp(request.param)
    touch(folder, *MEDIA[request.param])
    return request.param, folder, {name: text.encode() for name, text in LISTS[request.param].items()}


def planned(name, folder):
    """The listing of a source, as far as a preparation goes before it reads media."""
    listing = list_source(folder / "list.csv" if name == "csv" else folder, name)
    sources, _ = assign_splits(listing.sources, parse_shares("train=0.9,test=0.1"), 0)
    return make_plan(sources, {}, listing.classes)


def test_honest_lists_are_read(layout):
    name, folder, files = layout
    write_files(folder, {file: content.decode() for file, content in files.items()})
    assert len(planned(name, folder).sources) == len(MEDIA[name])


@hypothesis.given(st.data())
@hypothesis.settings(max_examples=60)
def test_any_lists(layout, data):
    name, folder, files = layout
    for file, content in files.items():
        (folder / file).write_bytes(content)
    spoilt = data.draw(st.sampled_from(sorted(files)))
    content = data.draw(st.one_of(st.binary(max_size=60), edits(PIECES)))
    (folder / spoilt).write_bytes(content if isinstance(content, bytes) else edited(files[spoilt], content))
    try:
        planned(name, folder)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 5000, str(error)
