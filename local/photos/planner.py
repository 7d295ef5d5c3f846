"""A screenshot of a travel planner: flat colours, sharp edges, small text."""

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from local.photos.noise import mix

GROUND: Final = 728
"""Row of the chart's lower edge."""

BLUE: Final = "#2f6fed"
INK: Final = "#1c2333"
GREY: Final = "#6b7488"
LINE: Final = "#e3e7ef"


def draw() -> Image.Image:
    """A travel planner in a browser, 1920 x 1200: flat colours, sharp edges, small text."""
    screen = Image.new("RGB", (1920, 1200), "#f5f7fb")
    pen = ImageDraw.Draw(screen)

    def text(  # noqa: PLR0917 (a pen stroke reads best in one line)
        x: float, y: float, words: str, size: int = 22, colour: str = INK, anchor: str = "lm"
    ) -> None:
        pen.text((x, y), words, colour, font_size=size, anchor=anchor)

    pen.rectangle((0, 0, 1920, 64), fill="#e8ecf3")
    for index, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        pen.ellipse((28 + index * 34, 21, 50 + index * 34, 43), fill=colour)
    pen.rounded_rectangle((560, 12, 1360, 52), 20, fill="white")
    text(960, 32, "trips.example / alps-in-october", 20, GREY, "mm")
    pen.rectangle((0, 64, 300, 1200), fill=INK)
    text(40, 124, "Wayfarer", 34, "white")
    for index, entry in enumerate(
        ("Overview", "Route", "Stays", "Budget", "Packing list", "Photos")
    ):
        top = 190 + index * 62
        if index == 1:
            pen.rounded_rectangle((20, top - 25, 280, top + 25), 12, fill=BLUE)
        pen.ellipse(
            (42, top - 7, 56, top + 7), outline="white" if index == 1 else "#8c96ad", width=3
        )
        text(76, top, entry, 23, "white" if index == 1 else "#b7c0d4")
    text(350, 130, "Alps in October", 44)
    text(350, 180, "6 days, 4 huts, 71.4 km on foot, 5,180 m of ascent", 23, GREY)
    for index, (label, value, note) in enumerate(
        (
            ("Walking time", "27 h 40", "4 h 37 a day"),
            ("Highest point", "2,864 m", "Day 4, the saddle"),
            ("Chance of rain", "18 %", "Lowest on Tuesday"),
            ("Cost so far", "412.60", "of 600.00 planned"),
        )
    ):
        left = 350 + index * 385
        pen.rounded_rectangle((left, 220, left + 355, 370), 16, fill="white", outline=LINE, width=2)
        text(left + 26, 256, label, 20, GREY)
        text(left + 26, 303, value, 42, BLUE if index == 1 else INK)
        text(left + 26, 346, note, 19, GREY)
    _profile(screen)
    pen.rounded_rectangle((350, 810, 1860, 1160), 16, fill="white", outline=LINE, width=2)
    columns = (380, 470, 900, 1080, 1240, 1420)
    for x, words in zip(
        columns, ("Day", "Stage", "Length", "Ascent", "Weather", "Sleep at"), strict=True
    ):
        text(x, 842, words, 19, GREY)
    rows = (
        ("1", "Station to Lake Hut", "9.8 km", "+640 m", "Sun, 14°", "Lake Hut, room 3"),
        ("2", "Lake Hut to the Glacier View", "12.1 km", "+980 m", "Sun, 11°", "Bivouac"),
        (
            "3",
            "Over the moraine to Larch Inn",
            "13.6 km",
            "+720 m",
            "Clouds, 9°",
            "Larch Inn, 2 beds",
        ),
        ("4", "The saddle", "15.2 km", "+1,460 m", "Wind, 3°", "Saddle Hut, dormitory"),
        ("5", "Down through the forest", "11.9 km", "+310 m", "Clouds, 10°", "Mill Guest House"),
        ("6", "Along the river, train at 16:04", "8.8 km", "+70 m", "Rain, 12°", "Home"),
    )
    for line, row in enumerate(rows):
        top = 890 + line * 46
        pen.line((370, top - 24, 1840, top - 24), fill=LINE, width=2)
        for x, words in zip(columns, row, strict=True):
            text(x, top, words, 21)
    return screen


def _profile(screen: Image.Image) -> None:
    """The route's altitude as a chart with a gradient below the line."""
    pen = ImageDraw.Draw(screen)
    pen.rounded_rectangle((350, 400, 1860, 780), 16, fill="white", outline=LINE, width=2)
    pen.text((380, 436), "Altitude", INK, font_size=24, anchor="lm")
    for index in range(5):
        y = 480 + index * 62
        pen.line((450, y, 1820, y), fill=LINE, width=2)
        pen.text((436, y), f"{3000 - index * 500:,}", GREY, font_size=18, anchor="rm")
    x = np.linspace(0, 1, 1370)
    hills = 1500 + 900 * np.sin(x * math.pi) ** 2 + 240 * np.sin(x * 17) + 90 * np.sin(x * 41 + 1)
    line = (480 + (3000 - np.clip(hills, 1010, 2900)) / 2000 * 248).astype(np.float32)
    rows = np.arange(300, dtype=np.float32)[:, None]
    level = rows + 470 - line[None, :]
    area = np.clip(level, 0, 1) * np.clip(0.42 - level / 620, 0, 1) * (rows + 470 < GROUND)
    patch = np.asarray(screen.crop((450, 470, 1820, 770)), np.float32) / 255
    shaded = mix(patch, np.array((0x2F, 0x6F, 0xED), np.float32) / 255, area)
    stroke = np.clip(3.2 - np.abs(level) / np.hypot(1, np.gradient(line))[None, :], 0, 1)
    shaded = mix(shaded, np.array((0x2F, 0x6F, 0xED), np.float32) / 255, stroke)
    screen.paste(Image.fromarray((shaded * 255).astype(np.uint8)), (450, 470))
    for day in range(6):
        pen.text(
            (450 + 1370 * (day + 0.5) / 6, 752), f"Day {day + 1}", GREY, font_size=18, anchor="mm"
        )
